"""The real service: azure-ai-ml as its client, and kill -9 in the middle of a step."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from local.environment import client_environment
from local.tokens import SUBSCRIPTION

pytestmark = pytest.mark.flow
SITE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.MachineLearningServices/workspaces/mlw-test"


@pytest.fixture
def put(stage):
    """PUT a job over HTTPS; returns the answer."""

    def send(name, component, **more):
        settings = {"default_compute": "azureml:cpu"}
        body = {
            "properties": {
                "jobType": "Pipeline",
                "componentId": component,
                "experimentName": "demand",
                "settings": settings,
                **more,
            }
        }
        with stage.client as client:
            return client.put(f"{SITE}/jobs/{name}", params={"api-version": "2024-01-01-preview"}, json=body)

    return send


@pytest.mark.filterwarnings("ignore::marshmallow.warnings.RemovedInMarshmallow4Warning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_azure_ai_ml_reads_streams_and_cancels_jobs(stage, put, monkeypatch, capsys, tmp_path):
    for name, value in client_environment(stage.cloud, "deployer").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "")
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD")
    monkeypatch.setenv("AZUREML_RUN_POLLING_INTERVAL_MIN", "1")
    stage.serve("identity")
    stage.serve("arm")
    from azure.ai.ml import MLClient
    from azure.core.exceptions import HttpResponseError
    from azure.identity import DefaultAzureCredential

    ml = MLClient(DefaultAzureCredential(), SUBSCRIPTION, "rg-test", "mlw-test", enable_telemetry=False)
    assert put("good", stage.one("echo hello; sleep 10"), tags={"effect_key": "silver/features@3"}).status_code == 201
    ml.jobs.stream("good")
    shown = capsys.readouterr().out
    assert "Streaming logs/azureml/executionlogs.txt" in shown
    assert "is Completed." in shown
    job = ml.jobs.get("good")
    assert (job.status, job.tags["effect_key"], job.experiment_name) == ("Completed", "silver/features@3", "demand")
    assert [child.display_name for child in ml.jobs.list(parent_job_name="good")] == ["only"]
    child = next(iter(ml.jobs.list(parent_job_name="good")))
    assert ml.jobs.get(child.name).status == "Completed"
    with stage.client as client:
        logs = client.get(f"/history/v1.0{SITE}/runs/{child.name}/details").json()["logFiles"]
        assert client.get(logs["user_logs/std_log.txt"]).text == "hello\n"
        forged = client.get(logs["user_logs/std_log.txt"].replace("sig=", "sig=0"))
        assert forged.status_code == 403
    put("bad", stage.one("echo it broke; exit 1"))
    with pytest.raises(Exception, match="it broke"):
        ml.jobs.stream("bad")
    began = tmp_path / "began"
    put("long", stage.one(f"touch {began}; sleep 60"))
    stage.until(began.exists)
    cancelling = ml.jobs.begin_cancel("long")
    assert not cancelling.done()
    cancelling.result()
    stage.until(lambda: ml.jobs.get("long").status == "Canceled")
    assert [item.name for item in ml.jobs.list()] == ["long", "bad", "good"]
    with pytest.raises(HttpResponseError, match="ResourceNotFound"):
        ml.jobs.get("gone")
    again = put("good", stage.one("true"))
    assert (again.status_code, again.json()["error"]["code"]) == (409, "Conflict")


def test_a_step_goes_on_when_the_service_is_killed_and_the_job_is_carried_to_its_end(stage, put, tmp_path):
    log = tmp_path / "effects"
    stage.serve("arm")
    put("job", stage.one(f"echo began $$ >> {log}; sleep 2; echo ended >> {log}"))
    stage.until(lambda: log.exists() and "began" in log.read_text())
    pid = int(log.read_text().split()[1])
    stage.kill("arm")
    assert psutil.pid_exists(pid)
    stage.serve("arm")
    assert stage.wait("job").status == "Completed"
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["began", "ended"]


def test_a_step_that_ended_while_the_service_was_dead_is_not_run_again(stage, put, tmp_path):
    log = tmp_path / "effects"
    stage.serve("arm")
    put("job", stage.one(f"echo began >> {log}; sleep 0.5; echo ended >> {log}"))
    stage.until(log.exists)
    stage.kill("arm")
    stage.until(lambda: "ended" in log.read_text())
    stage.serve("arm")
    assert stage.wait("job").status == "Completed"
    assert log.read_text().split() == ["began", "ended"]


def test_a_step_that_died_while_the_service_was_dead_is_started_once_more(stage, put, tmp_path):
    log = tmp_path / "effects"
    stage.serve("arm")
    put("job", stage.one(f"echo began $$ >> {log}; sleep 3; echo ended >> {log}"))
    stage.until(lambda: log.exists() and "began" in log.read_text())
    pid = int(log.read_text().split()[1])
    stage.kill("arm")
    os.killpg(os.getpgid(pid), signal.SIGKILL)
    stage.serve("arm")
    assert stage.wait("job").status == "Completed"
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["began", "began", "ended"]
