"""MLflow's own client with the azureml plugin against the workspace."""

from __future__ import annotations

from typing import Any

import pytest

from local.services.chaos import Chaos, set_chaos
from local.services.machine_learning.runs import Runs
from tests.access import accessed

TRIAL = """
import os, pathlib, tempfile
experiment = client.create_experiment("trial")
mlflow.set_experiment("trial")
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "sub").mkdir()
(folder / "x.bin").write_bytes(os.urandom(300_000))
(folder / "sub" / "odd m&p#t y%.txt").write_bytes(b"")
with mlflow.start_run(run_name="first", tags={"a": "b"}) as run:
    mlflow.log_params({"p": 1})
    mlflow.log_metric("m", 0.5, step=1)
    mlflow.log_metrics({"m": 0.25, "n": 2}, step=2)
    mlflow.log_artifacts(str(folder), "model")
run_id = run.info.run_id
run = client.get_run(run_id)
told["run"] = run.to_dictionary()
told["history"] = [(m.step, m.value) for m in client.get_metric_history(run_id, "m")]
got = pathlib.Path(client.download_artifacts(run_id, "model", tempfile.mkdtemp()))
told["files"] = sorted(str(p.relative_to(got)) for p in got.rglob("*") if p.is_file())
told["same"] = all((got / n).read_bytes() == (folder / n).read_bytes() for n in told["files"])
try:
    mlflow.MlflowClient().log_artifact(run_id, str(folder / "x.bin"), "model")
except Exception as error:
    told["again"] = str(error)
client.create_registered_model("demand")
version = client.create_model_version("demand", run.info.artifact_uri + "/model", run_id, tags={"role": "challenger"})
client.set_model_version_tag("demand", version.version, "role", "champion")
client.set_model_version_tag("demand", version.version, "extra", "1")
client.delete_model_version_tag("demand", version.version, "extra")
told["versions"] = [(v.version, v.tags, v.run_id) for v in client.search_model_versions("name='demand'")]
told["found"] = [len(client.search_runs([experiment], f"tags.a = '{value}'")) for value in ("b", "c")]
try:
    client.create_model_version("demand", run.info.artifact_uri + "/nothing", run_id)
except mlflow.MlflowException as error:
    told["refused"] = error.error_code
try:
    client.search_logged_models([experiment])
except mlflow.MlflowException as error:
    told["logged_models"] = str(error)
"""

STEP = """
mlflow.log_metric("in_step", 1.0)
mlflow.set_tag("seen", "yes")
mlflow.log_param("q", "2")
told["run_id"] = mlflow.active_run().info.run_id
with mlflow.start_run(nested=True) as child:
    pass
told["child"] = child.info.run_id
"""


@pytest.fixture(scope="module")
def told(lab: Any) -> dict[str, Any]:
    """What the client saw of one run, its artifacts and its model."""
    return lab.client(TRIAL)


def test_keeps_params_metrics_and_tags_of_a_run(told: dict[str, Any]) -> None:
    info, data = told["run"]["info"], told["run"]["data"]
    assert (info["status"], info["run_name"]) == ("FINISHED", "first")
    assert data["metrics"] == {"m": 0.25, "n": 2.0}
    assert data["params"] == {"p": "1"}
    assert data["tags"]["a"] == "b"
    assert told["history"] == [[1, 0.5], [2, 0.25]]


def test_finds_runs_by_tag(told: dict[str, Any]) -> None:
    assert told["found"] == [1, 0]


def test_gives_artifacts_back_byte_for_byte(told: dict[str, Any]) -> None:
    assert told["files"] == ["sub/odd m&p#t y%.txt", "x.bin"]
    assert told["same"]


def test_lets_no_artifact_be_written_twice(told: dict[str, Any]) -> None:
    assert "Resource Conflict" in told["again"]


def test_registers_a_version_and_changes_its_tags(told: dict[str, Any]) -> None:
    assert told["versions"] == [["1", {"role": "champion"}, told["run"]["info"]["run_id"]]]


def test_refuses_a_version_without_files(told: dict[str, Any]) -> None:
    assert told["refused"] == "INVALID_PARAMETER_VALUE"


def test_has_no_logged_models_as_azure_has_none(told: dict[str, Any]) -> None:
    assert "logged-models" in told["logged_models"]
    assert "404" in told["logged_models"]


def test_tells_of_the_run_and_of_the_model_once(lab: Any, told: dict[str, Any]) -> None:
    run_id = told["run"]["info"]["run_id"]
    statuses = [e["data"]["runStatus"] for e in lab.events("RunStatusChanged") if e["data"]["runId"] == run_id]
    assert statuses == ["Running", "Completed"]
    models = [e["data"] for e in lab.events("ModelRegistered") if e["data"]["modelName"] == "demand"]
    tags = {"role": "challenger"}
    assert models == [{"modelName": "demand", "modelVersion": "1", "modelTags": tags, "modelProperties": {}}]


@pytest.mark.usefixtures("told")
def test_the_access_log_shows_the_plugin(lab: Any) -> None:
    assert any("azureml-mlflow/" in line["user_agent"] for line in accessed(lab.cloud) if "/api/2.0/mlflow/" in line["path"])


def test_a_step_logs_into_its_own_run_and_does_not_end_it(lab: Any) -> None:
    job = lab.job()
    inside = {"AZUREML_RUN_ID": job.run_id, "MLFLOW_RUN_ID": job.run_id, "MLFLOW_EXPERIMENT_ID": job.experiment}
    told = lab.client(STEP, MLFLOW_TRACKING_TOKEN=lab.token(), **inside)
    _, answer = lab.ask("GET", f"{lab.api}/runs/get?run_id={job.run_id}")
    data = answer["run"]["data"]
    assert told["run_id"] == job.run_id
    assert answer["run"]["info"]["status"] == "RUNNING"
    assert [m["key"] for m in data["metrics"]] == ["in_step"]
    assert {"key": "seen", "value": "yes"} in data["tags"]
    assert data["params"] == [{"key": "q", "value": "2"}]
    assert [run.run_id for run in Runs(lab.cloud.store).children(job.run_id)] == [told["child"]]


def test_waits_while_the_workspace_throttles_it(lab: Any) -> None:
    set_chaos(lab.cloud.store, Chaos(throttle=0.9))
    try:
        told = lab.client("for _ in range(3):\n    told['none'] = client.get_experiment_by_name('none')")
    finally:
        set_chaos(lab.cloud.store, Chaos())
    assert told == {"none": None}
    assert 429 in [line["status"] for line in accessed(lab.cloud, "arm") if line["path"].endswith("experiments/get-by-name")]
