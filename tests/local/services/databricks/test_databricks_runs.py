"""What a run of a published wheel does and how it ends, seen by databricks-sdk and by the effects of the tasks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from databricks.sdk.errors import OperationFailed

pytestmark = pytest.mark.flow

LACKS = {
    "forgotten": "No module named 'httpx'",
    "outside": "No module named 'local'",
    "leave": "SystemExit: 3",
    "missing": "module 'probe' has no attribute 'missing'",
}
"""Entry points of the probe, and what each asks for that no published document gives it."""


@pytest.fixture
def effects(tmp_path):
    """What the tasks did, read from the file they append to."""

    def read():
        file = tmp_path / "effects.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return read


@pytest.fixture
def run_to_end(shared_site, workspace):
    """Create a job, run it and return the run when it is over."""

    def run(settings, **parameters):
        job = create(workspace, settings)
        return shared_site.wait(workspace, workspace.jobs.run_now(job, **parameters).run_id)

    return run


def create(client, settings):
    return client.jobs.create(**{name: getattr(settings, name) for name in settings.as_dict()}).job_id


def results(run):
    return {task.task_key: task.state.result_state.value for task in run.tasks}


def waiting_for(effects, did, count=1):
    ends = time.monotonic() + 30
    while len(found := [line for line in effects() if line["did"] == did]) < count:
        assert time.monotonic() < ends, f"no {did} in {effects()}"
        time.sleep(0.02)
    return found


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_runs_the_entry_point_with_resolved_parameters_in_its_own_environment(
    run_to_end, make_task, make_settings, effects, shared_site
):
    from databricks.sdk.service.jobs import JobParameterDefinition

    named = {"version": "{{job.parameters.version}}", "run": "{{job.run_id}}/{{task.run_id}}", "text": "{{other}}"}
    settings = make_settings(make_task("ok", named=named), parameters=[JobParameterDefinition(name="version", default="0")])
    run = run_to_end(settings, job_parameters={"version": "3"})
    (did,) = effects()
    (task,) = run.tasks
    assert results(run) == {"ok": "SUCCESS"}
    assert did["argv"][0] == "probe"
    assert {"--version=3", f"--run={run.run_id}/{task.run_id}", "--text={{other}}"} <= set(did["argv"])
    assert did["prefix"].startswith(str(shared_site.cache))
    assert did["environment"]["IDENTITY_HEADER"] == "id-data"
    assert did["environment"]["AZURE_ENDPOINT"].endswith("/lake")
    assert did["environment"]["EVENTS_BOOTSTRAP"] == "evh:9093", "the cluster's variables are the task's"
    assert "XDG_CACHE_HOME" not in did["environment"]
    assert not Path(did["cwd"]).exists()
    output = shared_site.client.jobs.get_run_output(task.run_id)
    assert output.logs == "hello from the probe\n"
    assert (shared_site.cloud.logs / "databricks" / str(run.run_id) / "ok.log").read_text() == output.logs
    assert run.start_time <= task.start_time <= task.end_time <= run.end_time
    assert task.setup_duration + task.execution_duration == task.end_time - task.start_time


def test_a_failing_task_starts_the_task_that_handles_failures(run_to_end, make_task, make_settings, effects, workspace):
    from databricks.sdk.service.jobs import RunIf

    tasks = [
        make_task("fail"),
        make_task("ok", ("fail",), key="after"),
        make_task("ok", ("fail", "after"), key="report", run_if=RunIf.AT_LEAST_ONE_FAILED),
    ]
    run = run_to_end(make_settings(*tasks))
    assert results(run) == {"fail": "FAILED", "after": "UPSTREAM_FAILED", "report": "SUCCESS"}
    assert [line["did"] for line in effects()] == ["fail", "ok"]
    assert run.state.result_state.value == "SUCCESS_WITH_FAILURES"
    failed = next(task for task in run.tasks if task.task_key == "fail")
    output = workspace.jobs.get_run_output(failed.run_id)
    assert output.error == "ValueError: the probe was told to fail"
    assert "in fail" in output.error_trace


def test_the_task_that_handles_failures_is_excluded_when_all_went_well(run_to_end, make_task, make_settings):
    from databricks.sdk.service.jobs import RunIf

    tasks = [make_task("ok"), make_task("fail", ("ok",), key="report", run_if=RunIf.AT_LEAST_ONE_FAILED)]
    run = run_to_end(make_settings(*tasks))
    assert results(run) == {"ok": "SUCCESS", "report": "EXCLUDED"}
    assert run.state.result_state.value == "SUCCESS"
    assert run.status.termination_details.code.value == "SUCCESS"


def test_the_sdk_waiter_raises_for_a_run_whose_last_task_failed(workspace, make_task, make_settings):
    job = create(workspace, make_settings(make_task("fail")))
    with pytest.raises(OperationFailed, match="Task fail failed"):
        workspace.jobs.run_now(job).result()


@pytest.mark.parametrize("entry", LACKS)
def test_a_task_fails_by_what_its_published_environment_lacks(run_to_end, make_task, make_settings, workspace, entry):
    run = run_to_end(make_settings(make_task(entry)))
    assert results(run) == {entry: "FAILED"}
    assert LACKS[entry] in workspace.jobs.get_run_output(run.tasks[0].run_id).error


def test_a_function_outside_the_metadata_is_called_and_its_answer_is_no_exit_code(run_to_end, make_task, make_settings, effects):
    assert results(run_to_end(make_settings(make_task("returns")))) == {"returns": "SUCCESS"}
    assert [line["did"] for line in effects()] == ["returns"]


def test_a_missing_library_fails_the_task_before_it_starts(run_to_end, make_task, make_settings):
    from databricks.sdk.service.compute import Library

    task = make_task("ok")
    task.libraries = [Library(whl="/Volumes/main/mlops/releases/none/x-1-py3-none-any.whl")]
    run = run_to_end(make_settings(task))
    assert run.tasks[0].state.life_cycle_state.value == "INTERNAL_ERROR"
    assert run.tasks[0].status.termination_details.code.value == "LIBRARY_INSTALLATION_ERROR"


def test_a_serverless_task_runs_with_the_dependencies_of_its_environment(run_to_end, make_task, make_settings, effects):
    from databricks.sdk.service.compute import Environment
    from databricks.sdk.service.jobs import JobEnvironment

    task = make_task("ok")
    spec = Environment(environment_version="3", dependencies=[library.whl for library in task.libraries if library.whl])
    task.libraries, task.job_cluster_key, task.environment_key = None, None, "default"
    run = run_to_end(make_settings(task, environments=[JobEnvironment(environment_key="default", spec=spec)]))
    assert results(run) == {"ok": "SUCCESS"}
    assert "IDENTITY_HEADER" not in effects()[0]["environment"], "no identity was given to log in as"


def test_a_killed_process_is_a_failed_attempt_and_is_tried_again(shared_site, workspace, make_task, make_settings, effects):
    task = make_task("sleep", named={"seconds": "0.5"}, max_retries=1)
    run_id = workspace.jobs.run_now(create(workspace, make_settings(task))).run_id
    os.kill(waiting_for(effects, "began")[0]["pid"], signal.SIGKILL)
    run = shared_site.wait(workspace, run_id)
    assert [line["did"] for line in effects()] == ["began", "began", "ended"]
    assert (results(run), run.tasks[0].attempt_number) == ({"sleep": "SUCCESS"}, 1)


def test_retries_end_and_each_attempt_keeps_its_own_output(run_to_end, make_task, make_settings, effects, shared_site):
    run = run_to_end(make_settings(make_task("fail", max_retries=2)))
    logs = shared_site.cloud.logs / "databricks" / str(run.run_id)
    assert (len(effects()), run.tasks[0].attempt_number) == (3, 2)
    assert sorted(file.name for file in logs.iterdir()) == ["fail.1.log", "fail.2.log", "fail.log"]


def test_a_task_that_takes_too_long_is_killed_and_not_tried_again(run_to_end, make_task, make_settings, effects):
    run = run_to_end(make_settings(make_task("fork", timeout_seconds=2, max_retries=1)))
    assert results(run) == {"fork": "TIMEDOUT"}
    (did,) = effects()
    assert not alive(did["pid"])
    assert not alive(did["child"]), "what the task started ends with it"


def test_a_job_that_takes_too_long_ends_with_its_tasks(run_to_end, make_task, make_settings, effects):
    tasks = [make_task("sleep", named={"seconds": "60"}), make_task("ok", ("sleep",))]
    run = run_to_end(make_settings(*tasks, timeout_seconds=2))
    assert run.state.result_state.value == "TIMEDOUT"
    assert [line["did"] for line in effects()] == ["began"]


def test_a_canceled_run_ends_its_processes_and_starts_no_more(shared_site, workspace, make_task, make_settings, effects):
    tasks = [make_task("sleep", named={"seconds": "60"}, max_retries=3), make_task("ok", ("sleep",))]
    run_id = workspace.jobs.run_now(create(workspace, make_settings(*tasks))).run_id
    (began,) = waiting_for(effects, "began")
    workspace.jobs.cancel_run(run_id)
    run = shared_site.wait(workspace, run_id)
    assert run.state.result_state.value == "CANCELED"
    assert not alive(began["pid"])
    assert [line["did"] for line in effects()] == ["began"]


def test_runs_of_a_job_with_a_queue_go_one_after_the_other_in_order(shared_site, workspace, make_task, make_settings, effects):
    from databricks.sdk.service.jobs import JobParameterDefinition, QueueSettings

    task = make_task("sleep", named={"seconds": "0.3", "name": "{{job.parameters.name}}"})
    parameters = [JobParameterDefinition(name="name", default="")]
    job = create(workspace, make_settings(task, queue=QueueSettings(enabled=True), parameters=parameters))
    runs = [workspace.jobs.run_now(job, job_parameters={"name": name}).run_id for name in "abc"]
    assert workspace.jobs.get_run(runs[2]).state.life_cycle_state.value == "QUEUED"
    ended = [shared_site.wait(workspace, run_id) for run_id in runs]
    assert [line["did"] for line in effects()] == ["began", "ended"] * 3
    assert [run.start_time for run in ended] == sorted(run.start_time for run in ended)


def test_a_run_too_many_of_a_job_without_queue_is_skipped(shared_site, workspace, make_task, make_settings, effects):
    job = create(workspace, make_settings(make_task("sleep", named={"seconds": "60"})))
    first = workspace.jobs.run_now(job).run_id
    waiting_for(effects, "began")
    second = shared_site.wait(workspace, workspace.jobs.run_now(job).run_id)
    workspace.jobs.cancel_run(first)
    assert second.state.life_cycle_state.value == "SKIPPED"
    assert second.state.result_state.value == "MAXIMUM_CONCURRENT_RUNS_REACHED"


def test_the_peak_memory_of_a_task_is_recorded(run_to_end, make_task, make_settings, shared_site):
    run = run_to_end(make_settings(make_task("large")))
    row = shared_site.cloud.store.row("select peak_bytes from databricks_tasks where run_id = ?", run.tasks[0].run_id)
    assert 150_000_000 < row["peak_bytes"] < 400_000_000


RACER = """
import sys
from databricks.sdk import WorkspaceClient
host, token, job = sys.argv[1:]
client = WorkspaceClient(host=host, token=token, auth_type="pat")
print(client.jobs.run_now(int(job), idempotency_token="one-and-the-same").run_id)
"""


def test_two_processes_with_one_token_get_one_run(shared_site, workspace, make_task, make_settings, effects):
    job = create(workspace, make_settings(make_task("ok")))
    token = workspace.config.authenticate()["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, "-c", RACER, shared_site.cloud.endpoints.url("databricks"), token, str(job)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {int(racer.communicate()[0]) for racer in racers}
    assert len(told) == 1
    shared_site.wait(workspace, told.pop())
    assert len(effects()) == 1
    assert len(list(workspace.jobs.list_runs(job_id=job))) == 1
