"""Registered features start a real pipeline that decides; what is missing stops it, with the error where Azure shows it."""

import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

from contracts.events import DataVersion, Hub, OwnEvent
from contracts.names import MODEL, training_endpoint
from local import status
from local.flow.commands import ML_PIPELINES, outputs_file, run
from local.flow.handler import state_of as handler_state
from local.flow.publishing import publish_training
from local.flow.training import wait_for_training
from local.lifecycle import ROOT
from local.progress import Step
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.runs import Runs, Status
from tests.access import accessed
from tests.flow.conftest import until
from tests.flow.releases import released

pytestmark = pytest.mark.flow

DAYS, ROUTE = 420, "features-registered"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def panel(stack, *, less: int = 0) -> Path:
    """A small panel, its last days left out as if they had not come yet."""
    whole = stack.panel(f"training-{less}", items=20, days=DAYS, seed=31)
    rows = pq.read_table(whole)
    last = sorted(set(rows["date"].to_pylist()))[-1 - less]
    kept = [index for index, day in enumerate(rows["date"].to_pylist()) if day <= last]
    pq.write_table(rows.take(kept), whole)
    return whole


def features_of(stack, file: Path) -> DataVersion:
    registered = stack.silver_of(stack.ingest(file).version)
    return DataVersion.parse(registered[OwnEvent.FEATURES_REGISTERED].dataversion)


def trained(stack, features: DataVersion):
    """What training came to, once the release of its image, if it made one, has ended: it tags versions, too."""
    found = wait_for_training(stack.cloud, features, Step("training"))
    if digest := (found.event.data.get("runTags") or {}).get("image.digest"):
        released(stack, digest)
    return found


def redrive(stack, features: DataVersion) -> None:
    """What an operator does to train on the same version again."""
    command = [sys.executable, "-m", "events.service", "redrive", ROUTE, str(features)]
    environment = {"PATH": os.environ["PATH"], "HANDLER_STATE": str(handler_state(stack.cloud))}
    done = lambda: subprocess.run(command, env=environment, cwd=ROOT, check=False, capture_output=True).returncode == 0  # noqa: E731
    until("no other attempt is being worked on", done, 120)


def redriven(stack, features: DataVersion) -> str:
    """The id of the run that a redrive of this version starts."""

    def runs() -> set[str]:
        rows = stack.cloud.store.rows("select run_id from ml_run_texts where key = 'effect_key' and value = ?", str(features))
        return {row["run_id"] for row in rows}

    before = runs()
    redrive(stack, features)
    until("the redriven run is there", lambda: runs() - before)
    return next(iter(runs() - before))


def workspace(stack) -> str:
    return stack.outputs.ml_workspace_id


def arm(stack, method: str, path: str, **request) -> httpx.Response:
    """A call to Resource Manager as the deployer, without any client of Azure's."""
    token, _ = stack.cloud.tokens.issue(DEPLOYER_PRINCIPAL, "https://management.azure.com")
    url = f"{stack.cloud.endpoints.url('arm')}{workspace(stack)}/{path}"
    trust = str(stack.cloud.state / "tls" / "ca.pem")
    version = {"api-version": "2024-10-01"}
    return httpx.request(method, url, params=version, headers={"Authorization": f"Bearer {token}"}, verify=_tls(trust), **request)


def _tls(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def experiment(stack, name: str, **inputs: str) -> None:
    """Start the published pipeline by hand, as a person would try a recipe."""
    endpoint = f"batchEndpoints/{training_endpoint(stack.outputs.ml_workspace)}"
    default = arm(stack, "GET", endpoint).json()["properties"]["defaults"]["deploymentName"]
    deployment = arm(stack, "GET", f"{endpoint}/deployments/{default}").json()
    component = deployment["properties"]["deploymentConfiguration"]["componentId"]["assetId"]
    features = {"jobInputType": "uri_folder", "mode": "Direct", "uri": f"{stack.outputs.silver_url}/features"}
    literals = {key: {"jobInputType": "literal", "value": value} for key, value in inputs.items()}
    places = {"forecasts_url": {"jobInputType": "literal", "value": stack.outputs.forecasts_url}}
    body = {
        "jobType": "Pipeline",
        "componentId": component.removeprefix("azureml:"),
        "experimentName": MODEL,
        "inputs": {"features": features, **places, **literals},
        "settings": {"default_compute": f"{workspace(stack)}/computes/cpu"},
    }
    answer = arm(stack, "PUT", f"jobs/{name}", json={"properties": body})
    assert answer.status_code == 201, answer.text


def ended(stack, name: str, seconds: float = 120) -> Status:
    def query() -> str:
        row = stack.cloud.store.row("select status from ml_runs where run_id = ?", name)
        return row["status"] if row else ""

    until(f"{name} ends", lambda: query() in {"Completed", "Failed", "Canceled"}, seconds)
    return Status(query())


@pytest.fixture(scope="module")
def first(trained_stack):
    """The first training of the stack, which the tests below build on."""
    return trained(trained_stack, features_of(trained_stack, panel(trained_stack, less=1)))


def test_a_commit_ends_in_a_registered_challenger_with_its_forecasts_and_nothing_else_was_started_by_hand(trained_stack, first):
    assert first.decision["decision"] == "promote"
    assert [step.name for step in first.steps] == ["prepare", "train", "evaluate", "compare", "register", "package"]
    registered = [body for body in trained_stack.records(Hub.MODEL_REGISTRY) if body["data"]["modelVersion"] == "1"]
    assert registered[0]["data"]["modelTags"]["role"] == "challenger"
    names = [row["name"] for row in trained_stack.cloud.store.rows("select name from blobs where container = 'forecasts'")]
    assert f"{MODEL}/1/current.json" in names


def test_training_again_on_the_same_content_is_no_change_and_fits_nothing(trained_stack, first):
    runs = Runs(trained_stack.cloud.store)
    again = redriven(trained_stack, DataVersion.parse(first.decision["data_version"]))
    assert ended(trained_stack, again) is Status.COMPLETED
    assert runs.texts(again, "tag")["decision"] == "no_change"
    fitting = trained_stack.cloud.state / "machine_learning" / "jobs" / again / "train"
    reused = {step.name: runs.texts(step.run_id, "property")["azureml.isreused"] for step in runs.children(again)}
    assert reused["train"] == "true" or not list(fitting.rglob("booster_0.txt"))
    shown = {run["run_id"]: run["decision"] for run in status.report(trained_stack.cloud).trainings}
    assert shown[again] == "no_change"


def test_one_more_day_is_a_refresh_or_is_kept_with_a_reason(trained_stack, first):
    later = trained(trained_stack, features_of(trained_stack, panel(trained_stack)))
    assert later.run.run_id != first.run.run_id
    assert later.decision["decision"] in {"refresh", "keep"}
    assert all(reason["text"] for reason in later.decision["reasons"])
    assert any(not reason["held"] for reason in later.decision["reasons"]) == (later.decision["decision"] == "keep")


def test_a_bad_recipe_is_kept_out_and_the_run_is_green(trained_stack, first):
    version = first.decision["data_version"].rpartition("@")[2]
    experiment(trained_stack, "bad-recipe", delta_version=version, recipe='{"rungs": ["seasonal_naive"]}')
    assert ended(trained_stack, "bad-recipe") is Status.COMPLETED
    assert Runs(trained_stack.cloud.store).texts("bad-recipe", "tag")["decision"] == "keep"


@pytest.fixture
def on_two_nodes(trained_stack, first):
    """The graph with its parallel step published, in parts of half the panel; the default one again afterwards."""
    assert first.run.status is Status.COMPLETED
    outputs = str(outputs_file(trained_stack.cloud, trained_stack.outputs))
    recipe = '{"part_series": 20, "rounds": 20}'
    yield run(trained_stack.cloud, ML_PIPELINES, ["publish", outputs, "--nodes", "2", "--recipe", recipe], identity="deployer")
    publish_training(trained_stack.cloud, trained_stack.outputs, Step("publish"))


def test_a_panel_in_parts_is_fitted_by_the_parallel_step_and_comes_to_a_decision(trained_stack, first, on_two_nodes):
    assert "graph.jobs.fit.resources.instance_count: None -> 2" in on_two_nodes["changes"]
    version = first.decision["data_version"].rpartition("@")[2]
    experiment(trained_stack, "in-parts", delta_version=version)
    runs, jobs = Runs(trained_stack.cloud.store), trained_stack.cloud.state / "machine_learning" / "jobs" / "in-parts"
    assert ended(trained_stack, "in-parts", 240) is Status.COMPLETED, [step.error for step in runs.children("in-parts")]
    assert runs.texts("in-parts", "tag")["decision"] in {"promote", "keep"}
    log = (jobs / "fit" / "user_logs" / "std_log.txt").read_text().splitlines()
    assert sorted(log) == [f"mini batch part-0000{number}.npz: done" for number in range(2)]
    made = jobs / "train" / "outputs" / "model" / "artefact"
    assert {file.parent.name for file in made.rglob("booster_0.txt")} == {"part-00000", "part-00001"}


def test_a_part_that_can_not_be_fitted_fails_the_run_with_what_to_do(trained_stack, first, on_two_nodes):
    assert on_two_nodes["changes"]
    version = first.decision["data_version"].rpartition("@")[2]
    experiment(trained_stack, "part-fails", delta_version=version, recipe='{"part_series": 20, "compute": "gpu"}')
    assert ended(trained_stack, "part-fails") is Status.FAILED
    errors = {step.name: step.error for step in Runs(trained_stack.cloud.store).children("part-fails")}
    assert "The recipe asks for a GPU that LightGBM does not find" in errors["fit"]
    assert "do:      Leave `compute` out of the recipe" in errors["fit"]
    assert "mini_batch_error_threshold is 0" in errors["fit"]


def test_a_step_that_raises_fails_the_run_with_its_log_in_reach_and_an_event_on_the_bus(trained_stack, first):
    assert first.run.status is Status.COMPLETED
    experiment(trained_stack, "no-such-version", delta_version="9999")
    assert ended(trained_stack, "no-such-version") is Status.FAILED
    step = Runs(trained_stack.cloud.store).children("no-such-version")[0]
    assert "There is no such table or version in the lake" in step.error
    told = lambda: [body["data"] for body in trained_stack.records(Hub.TRAINING_RUN_FAILED)]  # noqa: E731
    until("the bus tells of it", lambda: any(data["runId"] == "no-such-version" for data in told()))
    log = trained_stack.cloud.state / "machine_learning" / "jobs" / "no-such-version" / "prepare" / "user_logs" / "std_log.txt"
    assert "9999" in log.read_text()


def test_without_a_default_deployment_the_handler_says_so_and_goes_on_when_it_is_published(trained_stack, first):
    documents, endpoint = Documents(trained_stack.cloud.store), training_endpoint(trained_stack.outputs.ml_workspace)
    runs, before = Runs(trained_stack.cloud.store), len(Runs(trained_stack.cloud.store).roots())
    held = arm(trained_stack, "GET", f"batchEndpoints/{endpoint}").json()
    assert documents.delete(f"{workspace(trained_stack)}/batchEndpoints/{endpoint}")
    redrive(trained_stack, DataVersion.parse(first.decision["data_version"]))
    try:
        until("the handler tells of it", lambda: f"no batch endpoint {endpoint}" in str(trained_stack.handler()["counts"]))
    finally:
        again = publish_training(trained_stack.cloud, trained_stack.outputs, Step("publish"))
    assert again.changes
    assert (
        arm(trained_stack, "GET", f"batchEndpoints/{endpoint}").json()["properties"]["defaults"] == held["properties"]["defaults"]
    )
    until("the run is there and over", lambda: len(runs.roots()) > before and not runs.open(), 200)


def test_without_the_cluster_a_job_is_refused_by_name(trained_stack, first):
    assert first.run.status is Status.COMPLETED
    cluster = trained_stack.cloud.resources.get(f"{workspace(trained_stack)}/computes/cpu")
    trained_stack.cloud.resources.delete(cluster.id)
    try:
        with pytest.raises(AssertionError, match="cpu"):
            experiment(trained_stack, "no-cluster", delta_version="1")
    finally:
        trained_stack.cloud.resources.put(cluster)


def test_without_the_environment_the_run_fails_and_names_it(trained_stack, first):
    documents, name = Documents(trained_stack.cloud.store), f"{workspace(trained_stack)}/environments/training"
    assert first.run.status is Status.COMPLETED
    versions = documents.versions(name)
    assert versions
    for version in versions:
        documents.delete(version.arm_id)
    try:
        experiment(trained_stack, "no-environment", delta_version="1", horizon="27")
        assert ended(trained_stack, "no-environment") is Status.FAILED
        assert "environments/training" in Runs(trained_stack.cloud.store).children("no-environment")[0].error
    finally:
        publish_training(trained_stack.cloud, trained_stack.outputs, Step("publish"))


def test_without_the_role_tag_the_next_training_stops_and_says_what_to_do(trained_stack, first):
    assert first.run.status is Status.COMPLETED
    store = trained_stack.cloud.store
    where = "where name = ? and version = 1 and key = 'role'"
    role = dict(store.row(f"select * from ml_model_tags {where}", MODEL))  # noqa: S608 - our own words
    with store.transaction() as connection:
        connection.execute(f"delete from ml_model_tags {where}", (MODEL,))  # noqa: S608 - our own words
    try:
        experiment(trained_stack, "no-role", delta_version="1", horizon="26")
        assert ended(trained_stack, "no-role") is Status.FAILED
        errors = " ".join(step.error for step in Runs(store).children("no-role"))
        assert "A registered version does not say what it is" in errors
    finally:
        with store.transaction() as connection:
            insert = f"insert into ml_model_tags({','.join(role)}) values ({','.join('?' * len(role))})"  # noqa: S608 - our own words
            connection.execute(insert, tuple(role.values()))


def test_publishing_twice_writes_nothing_and_the_access_log_names_the_real_clients(trained_stack, first):
    assert first.run.status is Status.COMPLETED
    publish_training(trained_stack.cloud, trained_stack.outputs, Step("publish"))
    before = accessed(trained_stack.cloud)
    again = publish_training(trained_stack.cloud, trained_stack.outputs, Step("publish"))
    assert again.changes == ()
    new = accessed(trained_stack.cloud)[len(before) :]
    mine = [line for line in new if line["service"] == "arm" and line["principal"] == "deployer"]
    assert mine, "the second publication asked nothing, so the test proves nothing"
    assert [line for line in mine if line["method"] in WRITES] == []
    agents = " ".join({line["user_agent"] for line in accessed(trained_stack.cloud)})
    assert "azure-ai-ml" in agents
    assert "azureml-mlflow" in agents or "mlflow-python-client" in agents
