"""Registered features start a real pipeline that decides; what is missing stops it, with the error where Azure shows it."""

import os
import subprocess
import sys

import pytest

from contracts.events import DataVersion, Hub
from contracts.names import MODEL, training_endpoint
from local import status
from local.flow.handler import state_of as handler_state
from local.flow.publishing import publish_training
from local.flow.training import wait_for_training
from local.lifecycle import ROOT
from local.progress import Step
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.runs import Runs, Status
from tests.access import accessed
from tests.flow.conftest import small_panel, until
from tests.flow.experiments import arm, ended, experiment, workspace
from tests.flow.releases import released
from tests.local.flow.schema_check import checked

pytestmark = pytest.mark.flow

ROUTE = "features-registered"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


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


@pytest.fixture(scope="module")
def first(live_stack):
    """The first training of the stack, that of `make up`, which the tests below build on."""
    told = checked(live_stack.cloud.state)
    return wait_for_training(
        live_stack.cloud, DataVersion.parse(told["data"]["features"]), Step("training"), told["training"]["run"]
    )


def test_a_commit_ends_in_a_registered_challenger_with_its_forecasts_and_nothing_else_was_started_by_hand(live_stack, first):
    assert first.decision["decision"] == "promote"
    assert [step.name for step in first.steps] == ["prepare", "train", "evaluate", "compare", "register", "package"]
    registered = [body for body in live_stack.records(Hub.MODEL_REGISTRY) if body["data"]["modelVersion"] == "1"]
    assert registered[0]["data"]["modelTags"]["role"] == "challenger"
    names = [row["name"] for row in live_stack.cloud.store.rows("select name from blobs where container = 'forecasts'")]
    assert f"{MODEL}/1/current.json" in names


def test_training_again_on_the_same_content_is_no_change_and_fits_nothing(live_stack, first):
    runs = Runs(live_stack.cloud.store)
    again = redriven(live_stack, DataVersion.parse(first.decision["data_version"]))
    assert ended(live_stack, again) is Status.COMPLETED
    assert runs.texts(again, "tag")["decision"] == "no_change"
    fitting = live_stack.cloud.state / "machine_learning" / "jobs" / again / "train"
    reused = {step.name: runs.texts(step.run_id, "property")["azureml.isreused"] for step in runs.children(again)}
    assert reused["train"] == "true" or not list(fitting.rglob("booster_0.txt"))
    shown = {run["run_id"]: run["decision"] for run in status.report(live_stack.cloud).trainings}
    assert shown[again] == "no_change"


def test_one_more_day_is_a_refresh_or_is_kept_with_a_reason(live_stack, first):
    later = trained(live_stack, live_stack.features_of(small_panel(live_stack.folder / "whole.parquet")))
    assert later.run.run_id != first.run.run_id
    assert later.decision["decision"] in {"refresh", "keep"}
    assert all(reason["text"] for reason in later.decision["reasons"])
    assert any(not reason["held"] for reason in later.decision["reasons"]) == (later.decision["decision"] == "keep")


def test_a_bad_recipe_is_kept_out_and_the_run_is_green(live_stack, first):
    version = first.decision["data_version"].rpartition("@")[2]
    experiment(live_stack, "bad-recipe", delta_version=version, recipe='{"rungs": ["seasonal_naive"]}')
    assert ended(live_stack, "bad-recipe") is Status.COMPLETED
    assert Runs(live_stack.cloud.store).texts("bad-recipe", "tag")["decision"] == "keep"


def test_a_step_that_raises_fails_the_run_with_its_log_in_reach_and_an_event_on_the_bus(live_stack, first):
    assert first.run.status is Status.COMPLETED
    experiment(live_stack, "no-such-version", delta_version="9999")
    assert ended(live_stack, "no-such-version") is Status.FAILED
    step = Runs(live_stack.cloud.store).children("no-such-version")[0]
    assert "There is no such table or version in the lake" in step.error
    told = lambda: [body["data"] for body in live_stack.records(Hub.TRAINING_RUN_FAILED)]  # noqa: E731
    until("the bus tells of it", lambda: any(data["runId"] == "no-such-version" for data in told()))
    log = live_stack.cloud.state / "machine_learning" / "jobs" / "no-such-version" / "prepare" / "user_logs" / "std_log.txt"
    assert "9999" in log.read_text()


def test_without_a_default_deployment_the_handler_says_so_and_goes_on_when_it_is_published(live_stack, first):
    documents, endpoint = Documents(live_stack.cloud.store), training_endpoint(live_stack.outputs.ml_workspace)
    runs, before = Runs(live_stack.cloud.store), len(Runs(live_stack.cloud.store).roots())
    held = arm(live_stack, "GET", f"batchEndpoints/{endpoint}").json()
    assert documents.delete(f"{workspace(live_stack)}/batchEndpoints/{endpoint}")
    redrive(live_stack, DataVersion.parse(first.decision["data_version"]))
    try:
        until("the handler tells of it", lambda: f"no batch endpoint {endpoint}" in str(live_stack.handler()["counts"]))
    finally:
        again = publish_training(live_stack.cloud, live_stack.outputs, Step("publish"))
    assert again.changes
    assert arm(live_stack, "GET", f"batchEndpoints/{endpoint}").json()["properties"]["defaults"] == held["properties"]["defaults"]
    until("the run is there and over", lambda: len(runs.roots()) > before and not runs.open(), 200)


def test_without_the_cluster_a_job_is_refused_by_name(live_stack, first):
    assert first.run.status is Status.COMPLETED
    cluster = live_stack.cloud.resources.get(f"{workspace(live_stack)}/computes/cpu")
    live_stack.cloud.resources.delete(cluster.id)
    try:
        with pytest.raises(AssertionError, match="cpu"):
            experiment(live_stack, "no-cluster", delta_version="1")
    finally:
        live_stack.cloud.resources.put(cluster)


def test_without_the_environment_the_run_fails_and_names_it(live_stack, first):
    documents, name = Documents(live_stack.cloud.store), f"{workspace(live_stack)}/environments/training"
    assert first.run.status is Status.COMPLETED
    versions = documents.versions(name)
    assert versions
    for version in versions:
        documents.delete(version.arm_id)
    try:
        experiment(live_stack, "no-environment", delta_version="1", horizon="27")
        assert ended(live_stack, "no-environment") is Status.FAILED
        assert "environments/training" in Runs(live_stack.cloud.store).children("no-environment")[0].error
    finally:
        publish_training(live_stack.cloud, live_stack.outputs, Step("publish"))


def test_without_the_role_tag_the_next_training_stops_and_says_what_to_do(live_stack, first):
    assert first.run.status is Status.COMPLETED
    store = live_stack.cloud.store
    where = "where name = ? and version = 1 and key = 'role'"
    role = dict(store.row(f"select * from ml_model_tags {where}", MODEL))  # noqa: S608 - our own words
    with store.transaction() as connection:
        connection.execute(f"delete from ml_model_tags {where}", (MODEL,))  # noqa: S608 - our own words
    try:
        experiment(live_stack, "no-role", delta_version="1", horizon="26")
        assert ended(live_stack, "no-role") is Status.FAILED
        errors = " ".join(step.error for step in Runs(store).children("no-role"))
        assert "A registered version does not say what it is" in errors
    finally:
        with store.transaction() as connection:
            insert = f"insert into ml_model_tags({','.join(role)}) values ({','.join('?' * len(role))})"  # noqa: S608 - our own words
            connection.execute(insert, tuple(role.values()))


def test_publishing_twice_writes_nothing_and_the_access_log_names_the_real_clients(live_stack, first):
    assert first.run.status is Status.COMPLETED
    publish_training(live_stack.cloud, live_stack.outputs, Step("publish"))
    before = accessed(live_stack.cloud)
    again = publish_training(live_stack.cloud, live_stack.outputs, Step("publish"))
    assert again.changes == ()
    new = accessed(live_stack.cloud)[len(before) :]
    mine = [line for line in new if line["service"] == "arm" and line["principal"] == "deployer"]
    assert mine, "the second publication asked nothing, so the test proves nothing"
    assert [line for line in mine if line["method"] in WRITES] == []
    agents = " ".join({line["user_agent"] for line in accessed(live_stack.cloud)})
    assert "azure-ai-ml" in agents
    assert "azureml-mlflow" in agents or "mlflow-python-client" in agents
