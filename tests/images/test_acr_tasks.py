"""Builds by ACR Tasks through the unmodified clients: once, again, at the same time, refused, failed."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import fields

import pytest

from contracts.outputs import PlatformOutputs
from images.acr_tasks import Place
from images.builder import BuildFailedError, RegistryRefusedError, TagTakenError
from images.cloud import PUBLIC, CloudUnknownError, manager
from images.registry import Registry
from local.services.registry.pulled import pull
from local.tokens import SUBSCRIPTION
from tests.images.conftest import REGISTRY, ROOT

flow = pytest.mark.flow


@flow
def test_an_order_is_built_once_and_found_again_with_its_run(builder, small):
    first = builder.build(small("once"))
    again = builder.build(small("once"))
    assert (first.built, again.built) == (True, False)
    assert first.reference == f"127.0.0.1:{builder.site.cloud.endpoints.registry}/once@{first.digest}"
    assert (again.reference, again.digest, again.run_id) == (first.reference, first.digest, first.run_id)
    assert builder.runs("once:1") == [first.run_id]
    assert pull(builder.site.cloud, first.reference, "deployer").labels == {"org.opencontainers.image.revision": "1"}


@flow
def test_a_build_that_goes_on_is_waited_for_instead_of_started_again(builder, small):
    order = small("twice", requirements_txt=f"# {time.time_ns()}: packages that are in no cache yet\n".encode())
    made = []
    threads = [threading.Thread(target=lambda: made.append(builder.build(order))) for _ in range(2)]
    threads[0].start()
    while not builder.runs("twice:1"):
        time.sleep(0.01)
    threads[1].start()
    for thread in threads:
        thread.join()
    assert sorted(image.built for image in made) == [False, True]
    assert len({image.digest for image in made}) == 1
    assert len(builder.runs("twice:1")) == 1


@flow
def test_a_registry_with_agents_of_its_own_builds_on_them(builder, small):
    pool = f"{REGISTRY}/agentPools/builds"
    builder.site.add("Microsoft.ContainerRegistry/registries/agentPools", pool, location="westeurope")
    try:
        built = builder.build(small("pooled"))
    finally:
        builder.site.cloud.resources.delete(pool)
    shared = builder.build(small("shared"))
    requests = {
        row["id"]: json.loads(row["request"]) for row in builder.site.cloud.store.rows("select id, request from registry_runs")
    }
    assert requests[built.run_id]["agentPoolName"] == "builds"
    assert not requests[shared.run_id].get("agentPoolName")


@flow
def test_a_tag_of_another_content_is_left_alone(builder, small):
    builder.build(small("taken", revision="1"))
    with pytest.raises(TagTakenError, match=r"image\.revision=1\n  allowed: org.*\.revision=2"):
        builder.build(small("taken", revision="2"))
    assert len(builder.runs("taken:1")) == 1


@flow
def test_a_failed_build_tells_the_end_of_its_log_and_leaves_no_tag_and_is_tried_again(builder, small):
    wrong = small("failed", requirements_txt=b"there-is-no-such-package-of-ours==1\n")
    with pytest.raises(BuildFailedError) as refused:
        builder.build(wrong)
    assert "there-is-no-such-package-of-ours" in str(refused.value)
    assert "Step 4/8 : RUN pip install" in str(refused.value)
    assert builder.build(small("failed")).built
    assert len(builder.runs("failed:1")) == 2


@flow
def test_a_registry_that_is_not_there_is_told_with_its_id(builder, small):
    with pytest.raises(RegistryRefusedError, match=r"registries/crnone, once:1: .*ResourceNotFound"):
        builder.build(small("once"), registry=REGISTRY.replace("crtest", "crnone"))


@flow
def test_a_tag_that_is_not_there_is_nothing(builder):
    from azure.identity import DefaultAzureCredential

    with DefaultAzureCredential() as login:
        assert Registry(f"127.0.0.1:{builder.site.cloud.endpoints.registry}", login).find("nobody", "1") is None


@flow
def test_the_command_builds_the_handler_once_by_its_content(builder, tmp_path):
    named = {field.name: field.name for field in fields(PlatformOutputs)} | {"identities": {}}
    named |= {"subscription_id": SUBSCRIPTION, "resource_group": "rg-test", "registry_name": "crtest"}
    file = tmp_path / "outputs.json"
    file.write_text(PlatformOutputs.of(named).json())
    command = [sys.executable, "-m", "images", "event-handler", str(file)]
    answers = []
    for _ in range(2):
        done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert [answer.pop("built") for answer in answers] == [True, False]
    assert answers[0] == answers[1]
    image = pull(builder.site.cloud, answers[0]["reference"], "deployer")
    assert image.argv[1:] == ["-m", "events.service"]
    imports = [*image.argv[:1], "-c", "import events.service"]
    done = subprocess.run(imports, cwd=image.folder, env=dict(image.environment), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_file_without_outputs_is_refused(tmp_path):
    command = [sys.executable, "-m", "images", "event-handler", str(tmp_path / "none.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pulumi stack output" in done.stderr


@pytest.mark.parametrize("given", ["", "crtest", REGISTRY.replace("registries", "vaults"), f"{REGISTRY}/runs/1"])
def test_what_is_no_id_of_a_registry_is_refused(given):
    with pytest.raises(RegistryRefusedError, match="no container registry"):
        Place.of(given)


def test_an_id_of_a_registry_is_read_in_any_case():
    assert Place.of(REGISTRY.replace("ContainerRegistry", "containerregistry")) == Place(
        subscription=SUBSCRIPTION, group="rg-test", name="crtest"
    )


def test_without_a_document_the_cloud_is_public_azure():
    assert manager({}) == PUBLIC


@flow
def test_the_address_at_the_documents_own_host_counts_and_another_is_refused(builder):
    environment = builder.site.environment()
    assert manager(environment) == builder.site.cloud.endpoints.url("arm")
    elsewhere = environment["ARM_CLOUD_METADATA_URL"].replace("127.0.0.1", "localhost")
    with pytest.raises(CloudUnknownError, match="names"):
        manager({"ARM_CLOUD_METADATA_URL": elsewhere})


@flow
def test_a_document_that_is_not_there_is_told(builder):
    with pytest.raises(CloudUnknownError, match="/nothing"):
        manager({"ARM_CLOUD_METADATA_URL": f"{builder.site.cloud.endpoints.url('arm')}/nothing"})
