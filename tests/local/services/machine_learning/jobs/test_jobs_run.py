"""Published pipelines run as processes of their own environment, bound as published."""

from __future__ import annotations

from pathlib import Path

import jwt
import psutil
import pytest

from local.services.machine_learning.runs import Status

pytestmark = pytest.mark.flow
FOLDER = {"type": "uri_folder"}
TEXT = {"type": "string"}


def chain(stage, command="cat ${{inputs.from}}/words > ${{outputs.out}}/words; echo two >> ${{outputs.out}}/words"):
    """A pipeline `first` -> `second` whose second step adds to what the first wrote."""
    first = stage.component(
        "echo ${{inputs.word}} $[[and ${{inputs.more}}]] > ${{outputs.out}}/words",
        {"word": TEXT, "more": {**TEXT, "optional": True}},
    )
    second = stage.component(command, {"from": FOLDER})
    word = {
        "word": {"value": "${{parent.inputs.word}}", "job_input_type": "literal"},
        "more": {"value": "${{parent.inputs.more}}", "job_input_type": "literal"},
    }
    nodes = {
        "second": {
            "type": "command",
            "componentId": second,
            "inputs": {"from": {"value": "${{parent.jobs.first.outputs.out}}", "job_input_type": "literal"}},
        },
        "first": {"type": "command", "componentId": first, "inputs": word},
    }
    return stage.pipeline(nodes, {"word": TEXT, "more": {**TEXT, "optional": True}})


def literal(**values):
    return {name: {"jobInputType": "literal", "value": value} for name, value in values.items()}


def test_steps_run_in_order_and_hand_on_their_folders(stage):
    stage.start()
    stage.submit("job-1", chain(stage), literal(word="one"), tags={"effect_key": "silver/features@3"})
    assert stage.wait("job-1").status is Status.COMPLETED
    assert stage.output("job-1", "second", "words") == "one\ntwo\n"
    steps = stage.steps("job-1")
    assert steps["first"].ended <= steps["second"].started
    assert all(int(stage.runs.texts(step.run_id, "property")["mlops.peak_bytes"]) > 0 for step in steps.values())
    completed = stage.events("RunCompleted")
    assert [item["runType"] for item in completed] == ["azureml.StepRun", "azureml.StepRun", "azureml.PipelineRun"]
    assert completed[-1]["runTags"] == {"effect_key": "silver/features@3"}
    assert completed[-1]["experimentName"] == "demand"


def test_an_optional_input_takes_its_part_of_the_command_away(stage):
    stage.start()
    stage.submit("with", chain(stage), literal(word="one", more="more"))
    assert stage.wait("with").status is Status.COMPLETED
    assert stage.output("with", "first", "words") == "one and more\n"


def test_a_deterministic_step_is_reused_and_one_with_other_inputs_is_not(stage, tmp_path):
    log = tmp_path / "effects"
    stage.start()
    command = f"echo ran >> {log}; echo ${{{{inputs.word}}}} > ${{{{outputs.out}}}}/words"
    inputs = {"word": {**TEXT, "default": "a"}}
    steady = stage.component(command, inputs)
    own = stage.component(f"cat ${{{{inputs.from}}}}/words; {command}", {"from": FOLDER, **inputs}, is_deterministic=False)
    source = {"from": {"value": "${{parent.jobs.steady.outputs.out}}", "job_input_type": "literal"}}
    nodes = {
        "steady": {"type": "command", "componentId": steady},
        "own": {"type": "command", "componentId": own, "inputs": source},
    }
    pipeline = stage.pipeline(nodes)
    for name in ("first", "again"):
        stage.submit(name, pipeline)
        assert stage.wait(name).status is Status.COMPLETED
    assert log.read_text().splitlines() == ["ran"] * 3
    told = {step.name: stage.runs.texts(step.run_id, "property") for step in stage.runs.children("again")}
    assert (told["steady"]["azureml.isreused"], told["own"]["azureml.isreused"]) == ("true", "false")
    assert stage.output("again", "steady", "words") == "a\n"
    stage.submit("forced", pipeline, settings={"ForceRerun": True})
    stage.wait("forced")
    assert len(log.read_text().splitlines()) == 5
    changed = stage.pipeline({"steady": {"type": "command", "componentId": steady, "inputs": {"word": {"value": "b"}}}})
    stage.submit("changed", changed)
    stage.wait("changed")
    assert len(log.read_text().splitlines()) == 6


def test_a_failing_step_fails_the_job_with_its_log_and_stops_what_follows(stage):
    stage.start()
    stage.submit("job", chain(stage, "echo it is broken; exit 3"), literal(word="one"))
    run = stage.wait("job")
    steps = stage.steps("job")
    assert run.status is steps["second"].status is Status.FAILED
    assert "exited with status code 3. it is broken" in run.error
    failed = [item for item in stage.events("RunStatusChanged") if item["runStatus"] == "Failed"]
    assert [(item["runType"], item["runId"]) for item in failed][-1] == ("azureml.PipelineRun", "job")
    assert set(failed[-1]) == {"experimentId", "experimentName", "runId", "runType", "runTags", "runProperties", "runStatus"}


def test_the_steps_after_a_failed_one_are_canceled(stage):
    stage.start()
    broken = stage.component("exit 1")
    after = stage.component("true", {"from": FOLDER})
    needs = {"from": {"value": "${{parent.jobs.broken.outputs.out}}", "job_input_type": "literal"}}
    nodes = {
        "broken": {"type": "command", "componentId": broken},
        "after": {"type": "command", "componentId": after, "inputs": needs},
    }
    stage.submit("job", stage.pipeline(nodes))
    assert stage.wait("job").status is Status.FAILED
    assert {name: step.status for name, step in stage.steps("job").items()} == {"broken": Status.FAILED, "after": Status.CANCELED}


def test_a_step_sees_its_code_and_what_the_cluster_sets_and_nothing_of_the_caller(stage, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    stage.start()
    code = stage.code(
        "import json, os, sys; json.dump([dict(os.environ), os.getcwd(), sys.prefix], open(sys.argv[1] + '/seen', 'w'))"
    )
    lake = {"features": {"type": "uri_folder", "mode": "direct"}}
    node = {"inputs": {"features": {"value": "${{parent.inputs.features}}", "job_input_type": "literal"}}}
    only = stage.component("python hello.py ${{outputs.out}}", lake, code=code)
    pipeline = stage.pipeline({"only": {"type": "command", "componentId": only, **node}}, {"features": FOLDER})
    url = "abfss://silver@lake.dfs.core.windows.net/features"
    stage.submit("job", pipeline, {"features": {"jobInputType": "uri_folder", "mode": "Direct", "uri": url}})
    assert stage.wait("job").status is Status.COMPLETED
    import json

    seen, folder, prefix = json.loads(stage.output("job", "only", "seen"))
    step = stage.steps("job")["only"]
    assert (seen["AZUREML_RUN_ID"], seen["AZUREML_ROOT_RUN_ID"]) == (step.run_id, "job")
    assert (seen["MLFLOW_RUN_ID"], seen["MLFLOW_EXPERIMENT_NAME"]) == (step.run_id, "demand")
    assert (seen["MSI_SECRET"], seen["DEFAULT_IDENTITY_CLIENT_ID"]) == ("id-training", "client-of-training")
    assert seen["AZURE_ENDPOINT"].endswith("/lake")
    assert jwt.decode(seen["AZUREML_RUN_TOKEN"], options={"verify_signature": False})["oid"] == "principal-of-training"
    assert not {"SECRET_OF_THE_CALLER", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "PYTHONPATH", "VIRTUAL_ENV"} & set(seen)
    assert Path(folder).name == "code"
    assert "environments" in prefix


def test_a_package_that_the_environment_lacks_fails_the_step_although_the_work_tree_has_it(stage):
    stage.start()
    stage.submit("job", stage.one("python -c 'import httpx'"))
    run = stage.wait("job")
    assert run.status is Status.FAILED
    assert "No module named 'httpx'" in run.error


@pytest.mark.parametrize(
    ("conda", "says"),
    [
        ("dependencies:\n  - python=3.12\n  - numpy\n", "conda package 'numpy'"),
        ("dependencies:\n  - python=3.9\n", "Python 3.9"),
        ("name: x\n", "no list of dependencies"),
    ],
)
def test_an_environment_that_can_not_be_built_here_fails_the_run_by_name(stage, conda, says):
    stage.start()
    stage.submit("job", stage.one("true", environment=stage.environment(conda)))
    run = stage.wait("job")
    assert run.status is Status.FAILED
    assert says in run.error


def test_a_missing_environment_or_code_fails_the_run_by_name(stage):
    stage.start()
    stage.submit("no-environment", stage.one("true", environment="azureml:/nowhere/environments/gone/versions/1"))
    stage.submit("no-code", stage.one("true", code="azureml:/nowhere/codes/gone/versions/1"))
    assert "environments/gone/versions/1' does not exist" in stage.wait("no-environment").error
    assert "codes/gone/versions/1' does not exist" in stage.wait("no-code").error


def test_a_canceled_job_ends_with_the_processes_of_its_steps(stage, tmp_path):
    pids = tmp_path / "pids"
    stage.start()
    stage.submit("job", stage.one(f"sleep 60 & echo $! > {pids}; wait"))
    stage.until(lambda: pids.exists() and pids.read_text().strip() != "")
    stage.runs.cancel("job")
    assert stage.wait("job").status is Status.CANCELED
    stage.until(lambda: not psutil.pid_exists(int(pids.read_text())))
    assert [item["runStatus"] for item in stage.events("RunStatusChanged")][-1] == "Canceled"


def test_a_step_that_takes_longer_than_its_timeout_fails(stage):
    stage.start()
    stage.submit("job", stage.one("sleep 60", node={"limits": {"timeout": "PT0.3S", "job_limits_type": "Command"}}))
    run = stage.wait("job")
    assert run.status is Status.FAILED
    assert "longer than its timeout of 0.3 s" in run.error


def test_a_cluster_that_is_deleted_meanwhile_fails_the_step(stage, tmp_path):
    began = tmp_path / "began"
    stage.start()
    stage.submit("job", stage.one(f"touch {began}; sleep 60"))
    stage.until(began.exists)
    stage.cloud.resources.delete(stage.steps("job")["only"].workspace + "/computes/cpu")
    assert "the compute 'cpu' does not exist" in stage.wait("job").error


def test_a_deleted_workspace_cancels_its_jobs_and_forgets_them(stage, tmp_path):
    began = tmp_path / "began"
    stage.start()
    stage.submit("job", stage.one(f"touch {began}; sleep 60"))
    stage.until(began.exists)
    workspace = stage.run("job").workspace
    stage.cloud.resources.delete(workspace)
    assert stage.wait("job").status is Status.CANCELED
    stage.until(lambda: stage.cloud.store.row("select 1 from ml_jobs") is None)
    assert not (stage.cloud.state / "machine_learning" / "jobs" / "job").exists()


def test_at_most_two_steps_run_at_once(stage, tmp_path):
    log = tmp_path / "effects"
    stage.start()
    step = stage.component(f"echo + >> {log}; sleep 0.4; echo - >> {log}", is_deterministic=False)
    stage.submit("job", stage.pipeline({f"step{n}": {"type": "command", "componentId": step} for n in range(4)}))
    assert stage.wait("job").status is Status.COMPLETED
    open_now, most = 0, 0
    for mark in log.read_text().split():
        open_now += 1 if mark == "+" else -1
        most = max(most, open_now)
    assert (most, len(log.read_text().split())) == (2, 8)
