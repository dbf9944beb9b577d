"""What is published to the workspace, by the unmodified azure-ai-ml over HTTPS."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.ai.ml import Input, MLClient, Output, command, dsl
from azure.ai.ml.entities import BatchEndpoint, CommandComponent, Environment, PipelineComponent, PipelineComponentBatchDeployment
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from local.services.chaos import Chaos, set_chaos
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.documents.uploads import Uploads
from tests.access import accessed
from tests.local.services.machine_learning.documents.conftest import QUIET, WORKSPACE, Site

pytestmark = [pytest.mark.flow, QUIET]
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
CONDA = "name: training\nchannels: [conda-forge]\ndependencies: [python=3.12, pip, {pip: ['numpy==2.5.0']}]\n"


@dataclass
class Publisher:
    """Publishes assets whose names no other test has."""

    ml: MLClient
    code: Path
    mark: str

    def environment(self, conda: str = CONDA, **more: Any) -> Environment:
        file = self.code.parent / f"{uuid.uuid4().hex}.yml"
        file.write_text(conda)
        asked = Environment(name=f"env-{self.mark}", version="1", image=IMAGE, conda_file=str(file), **more)
        return self.ml.environments.create_or_update(asked)

    def component(self, name: str, run: str = "python -m step ${{inputs.x}}", environment: str = "") -> CommandComponent:
        asked = command(
            name=f"{name}_{self.mark}",
            version="1",
            inputs={"x": Input(type="string", default="a")},
            outputs={"o": Output(type="uri_folder")},
            code=str(self.code),
            environment=environment or f"azureml:env-{self.mark}:1",
            command=run,
        )
        return self.ml.components.create_or_update(asked.component)

    def pipeline(self) -> PipelineComponent:
        self.environment()
        one, two = self.component("one"), self.component("two")

        @dsl.pipeline(None, name=f"pipe_{self.mark}", version="1")
        def whole() -> None:
            one(x="b")
            two(x="c")

        return self.ml.components.create_or_update(whole)

    def deployed(self, name: str, component: PipelineComponent) -> BatchEndpoint:
        """An endpoint with a deployment that is its default."""
        endpoint = self.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name)).result()
        self.deployment(name, "v1", component)
        endpoint.defaults = {"deployment_name": "v1"}
        return self.ml.batch_endpoints.begin_create_or_update(endpoint).result()

    def deployment(self, endpoint: str, name: str, component: PipelineComponent) -> None:
        settings = {"default_compute": "cpu"}
        asked = PipelineComponentBatchDeployment(name=name, endpoint_name=endpoint, component=component, settings=settings)
        self.ml.batch_deployments.begin_create_or_update(asked).result()


@pytest.fixture
def publisher(connect: Callable[..., MLClient], tmp_path: Path) -> Publisher:
    mark = uuid.uuid4().hex[:8]
    code = tmp_path / "code"
    (code / "package").mkdir(parents=True)
    (code / "step.py").write_text(f"print('{mark}')\n")
    (code / "package" / "__init__.py").write_text("")
    return Publisher(connect(), code, mark)


def test_reads_the_workspace_and_its_compute(connect: Callable[..., MLClient]) -> None:
    ml = connect()
    assert ml.workspaces.get().location == "westeurope"
    assert [item.name for item in ml.compute.list()] == ["cpu"]
    assert ml.compute.get("cpu").type == "amlcompute"


def test_publishes_a_pipeline_behind_the_default_deployment_of_an_endpoint(publisher: Publisher, workspace_site: Site) -> None:
    component = publisher.pipeline()
    endpoint = publisher.deployed("train-all", component)
    documents = Documents(workspace_site.cloud.store)
    held = documents.get(f"{WORKSPACE}/BATCHENDPOINTS/train-all")
    assert held is not None
    default = held.properties["defaults"]["deploymentName"]
    deployment = documents.get(f"{held.arm_id}/deployments/{default}")
    assert deployment is not None
    configuration = deployment.properties["deploymentConfiguration"]
    assert configuration["componentId"]["assetId"].removeprefix("azureml:") == component.id
    assert configuration["settings"]["default_compute"] == "cpu"
    assert str(endpoint.scoring_uri).endswith("/batchEndpoints/train-all/jobs")
    spec = documents.get(component.id).properties["componentSpec"]  # type: ignore[union-attr]
    assert all(documents.get(job["componentId"]) for job in spec["jobs"].values())


def test_the_published_code_is_fetched_as_it_was_uploaded(publisher: Publisher, workspace_site: Site, tmp_path: Path) -> None:
    publisher.environment()
    component = publisher.component("one")
    code = publisher.ml._code.get(*str(component.code).split("/")[-3::2])  # noqa: SLF001 - the SDK shows code nowhere else
    Uploads(workspace_site.cloud).fetch(code.path, tmp_path / "fetched")
    for name in ("step.py", "package/__init__.py"):
        assert (tmp_path / "fetched" / name).read_bytes() == (publisher.code / name).read_bytes()


def test_code_is_uploaded_once(publisher: Publisher, workspace_site: Site) -> None:
    publisher.environment()
    first = publisher.component("one")
    before = len(accessed(workspace_site.cloud, "arm"))
    second = publisher.component("two")
    written = [line["path"] for line in accessed(workspace_site.cloud, "arm")[before:] if line["method"] not in ("GET", "HEAD")]
    assert [path.rpartition("/components/")[2] for path in written] == [f"two_{publisher.mark}/versions/1"]
    assert first.code == second.code


def test_an_identical_version_is_accepted_again(publisher: Publisher) -> None:
    first, second = publisher.environment(), publisher.environment(description="described later")
    assert (first.id, second.description) == (second.id, "described later")
    assert publisher.component("one").id == publisher.component("one").id


def test_refuses_to_change_an_environment_version(publisher: Publisher) -> None:
    publisher.environment()
    message = f"Environment env-{publisher.mark} with version 1 is already registered and cannot be changed"
    with pytest.raises(ResourceExistsError, match=message):
        publisher.environment(CONDA.replace("numpy", "scipy"))
    assert "numpy" in str(publisher.ml.environments.get(f"env-{publisher.mark}", "1").conda_file)


def test_refuses_to_change_a_component_version(publisher: Publisher) -> None:
    publisher.environment()
    publisher.component("one")
    with pytest.raises(ResourceExistsError, match="is already registered and cannot be changed"):
        publisher.component("one", run="python -m other")


def test_refuses_a_component_without_its_environment(publisher: Publisher) -> None:
    with pytest.raises(
        HttpResponseError, match=rf"\(UserError\) The environment '.*/env-{publisher.mark}/versions/1' was not found"
    ):
        publisher.component("one")


def test_the_latest_version_is_the_one_made_last(publisher: Publisher) -> None:
    name = f"env-{publisher.mark}"
    for version in ("9", "10", "8"):
        publisher.ml.environments.create_or_update(Environment(name=name, version=version, image=f"{IMAGE}:{version}"))
    assert publisher.ml.environments.get(name, label="latest").version == "8"
    assert [item.version for item in publisher.ml.environments.list(name)] == ["8", "10", "9"]
    unversioned = publisher.ml.environments.create_or_update(Environment(name=name, image=f"{IMAGE}:new"))
    assert unversioned.version == "11"


def test_refuses_an_endpoint_whose_default_does_not_exist(publisher: Publisher) -> None:
    asked = BatchEndpoint(name="train-none", defaults={"deployment_name": "v9"})
    with pytest.raises(HttpResponseError, match="default deployment 'v9' does not exist"):
        publisher.ml.batch_endpoints.begin_create_or_update(asked).result()
    with pytest.raises(ResourceNotFoundError):
        publisher.ml.batch_endpoints.get("train-none")


def test_deletes_a_deployment_but_not_the_default_one(publisher: Publisher) -> None:
    component = publisher.pipeline()
    publisher.deployed("train-old", component)
    publisher.deployment("train-old", "v2", component)
    publisher.ml.batch_deployments.begin_delete("v2", "train-old").result()
    with pytest.raises(HttpResponseError, match="'v1' is the default of its endpoint"):
        publisher.ml.batch_deployments.begin_delete("v1", "train-old").result()
    assert [item.name for item in publisher.ml.batch_deployments.list("train-old")] == ["v1"]
    publisher.ml.batch_endpoints.begin_delete("train-old").result()
    with pytest.raises(ResourceNotFoundError):
        publisher.ml.batch_deployments.get("v1", "train-old")


def test_what_is_made_or_deleted_takes_its_time_and_the_client_asks_until_it_has_ended(
    publisher: Publisher, workspace_site: Site
) -> None:
    cloud, name = workspace_site.cloud, f"slow-{publisher.mark}"

    def asked(kind: str) -> list[int]:
        return [line["status"] for line in accessed(cloud, "arm") if f"/locations/westeurope/{kind}/" in line["path"]]

    states, results = len(asked("mfeOperationsStatus")), len(asked("mfeOperationResults"))
    poller = publisher.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name))
    assert not poller.done()
    assert poller.result().provisioning_state == "Succeeded"
    assert set(asked("mfeOperationsStatus")[states:]) == {200}
    assert publisher.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name, description="again")).done()
    publisher.ml.batch_endpoints.begin_delete(name).result()
    assert asked("mfeOperationResults")[results:][-1] == 200


def test_a_throttled_client_publishes_all_the_same(publisher: Publisher, workspace_site: Site) -> None:
    set_chaos(workspace_site.cloud.store, Chaos(throttle=0.5))
    try:
        publisher.environment()
        publisher.ml.batch_endpoints.begin_create_or_update(BatchEndpoint(name=f"busy-{publisher.mark}")).result()
    finally:
        set_chaos(workspace_site.cloud.store, Chaos())
    refused = [line["path"] for line in accessed(workspace_site.cloud, "arm") if line["status"] == 429]
    assert [path for path in refused if publisher.mark in path or "mfeOperations" in path]


def test_knows_no_workspace_that_the_engine_did_not_make(connect: Callable[..., MLClient]) -> None:
    with pytest.raises(ResourceNotFoundError, match=r"\(ResourceNotFound\) The Resource '.*/mlw-other' was not found"):
        connect("mlw-other").environments.get("any", "1")


def test_the_access_log_names_the_client_and_holds_no_signature(publisher: Publisher, workspace_site: Site) -> None:
    publisher.environment()
    publisher.component("one")
    lines = accessed(workspace_site.cloud, "arm")
    published = [line for line in lines if f"env-{publisher.mark}" in line["path"] and line["method"] == "PUT"]
    assert [line["user_agent"].startswith("azure-ai-ml/") for line in published] == [True]
    queries = [line["query"] for line in lines if line["path"].startswith("/uploads/")]
    assert any("sig=REDACTED" in query for query in queries)
    assert not any(re.search(r"sig=[0-9a-f]", query) for query in queries)
