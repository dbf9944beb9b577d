"""The agent: one release at a time, as the repository's verb, told what to do and what became of it."""

import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from local.lifecycle import ROOT
from local.services.devops import agent

DIGEST, OTHER = (f"sha256:{digit * 64}" for digit in "01")


def cancel(project, run_id):
    return project.call("PATCH", f"build/builds/{run_id}?api-version=7.1", json={"status": "cancelling"})


def until(holds):
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_run_is_the_verb_release_in_the_repository_with_the_engine_and_the_deployers_login(project, tools, site):
    tools.plan(result={"decision": "released", "reason": ""})
    run_id = project.start()
    assert project.wait(run_id)["result"] == "succeeded"
    [began, ended] = tools.effects()
    result = site.cloud.state / "devops" / str(run_id) / "result.json"
    assert began["arguments"] == ["release", f"DIGEST={DIGEST}", f"STACK={site.cloud.state.name}", f"RESULT={result}"]
    assert (began["folder"], ended["did"]) == (str(ROOT), "ended")
    variables = began["variables"]
    assert (variables["IDENTITY_HEADER"], variables["PATH"].partition(":")[0]) == ("deployer", str(tools.folder))
    assert variables["PULUMI_BACKEND_URL"].startswith("file://")
    assert variables["ADO_URL"].startswith(f"{site.cloud.endpoints.url('devops')}/")
    assert project.issues(run_id) == []


def test_the_repository_has_the_verb_that_the_agent_calls(tmp_path):
    told = subprocess.run(
        ["/usr/bin/env", "make", "-n", "release", f"DIGEST={DIGEST}", "STACK=dev", f"RESULT={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"-m rollout scoring --stack 'dev' --digest '{DIGEST}' --until 'production' --result '{tmp_path}'" in told


def test_the_log_is_read_as_text_and_as_lines(project):
    run_id = project.start()
    project.wait(run_id)
    [log] = project.call("GET", f"build/builds/{run_id}/logs?api-version=7.1")["value"]
    assert (log["id"], log["lineCount"]) == (1, 2)
    lines = project.call("GET", f"build/builds/{run_id}/logs/1?api-version=7.1")["value"]
    assert lines == ["step qa done 1.0 ok", "the end"]
    headers = {"Authorization": project.authorization}
    text = project.http.get(f"/contoso/shop/_apis/build/builds/{run_id}/logs/1?api-version=7.1", headers=headers).text
    assert text == "step qa done 1.0 ok\nthe end\n"


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"code": 2}, "Make exited with code '2'."),
        ({"code": 2, "result": {"decision": "rejected", "reason": "qa: /forecast differs"}}, "rejected: qa: /forecast differs"),
    ],
)
def test_a_release_that_fails_says_why(project, tools, plan, said):
    tools.plan(**plan)
    run_id = project.start()
    assert project.wait(run_id)["result"] == "failed"
    [issue] = project.issues(run_id)
    assert said in issue


def test_without_an_engine_a_run_fails_with_what_to_do(project, tools, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tools.folder))
    (tools.folder / "pulumi").unlink()
    run_id = project.start()
    assert project.wait(run_id)["result"] == "failed"
    [issue] = project.issues(run_id)
    assert "Run `make up` once; it builds the engine." in issue
    assert tools.did() == []


def test_racing_starts_are_runs_of_their_own_and_never_work_at_once(project, tools):
    tools.plan(seconds=0.2)
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(project.start, [DIGEST, DIGEST, OTHER, OTHER]))
    assert len(set(ids)) == 4
    for run_id in ids:
        assert project.wait(run_id)["result"] == "succeeded"
    assert tools.did() == ["began", "ended"] * 4
    began = [effect["digest"] for effect in tools.effects() if effect["did"] == "began"]
    assert began == [project.build(run_id)["templateParameters"]["digest"] for run_id in sorted(ids)]


def test_a_waiting_run_is_canceled_at_once_and_never_starts(project, tools):
    tools.plan(seconds=0.5)
    first, second = project.start(), project.start(OTHER)
    build = cancel(project, second)
    assert (build["status"], build["result"]) == ("completed", "canceled")
    project.wait(first)
    third = project.start()
    project.wait(third)
    assert {effect["digest"] for effect in tools.effects()} == {DIGEST}


def test_a_running_release_is_interrupted_and_a_completed_one_cannot_be_canceled(project, tools):
    tools.plan(seconds=60)
    run_id = project.start()
    until(lambda: "began" in tools.did())
    assert cancel(project, run_id)["status"] == "cancelling"
    assert project.wait(run_id)["result"] == "canceled"
    assert tools.did() == ["began", "interrupted"]
    refused = project.call("PATCH", f"build/builds/{run_id}?api-version=7.1", json={"status": "cancelling"}, status=400)
    assert refused["typeKey"] == "BuildStatusInvalidChangeException"
    asked = {"status": "completed"}
    assert project.call("PATCH", f"build/builds/{run_id}?api-version=7.1", json=asked, status=501)["$id"] == "1"


def test_a_release_that_does_not_stop_is_killed_with_all_it_started(project, tools, monkeypatch):
    steps = ((0.0, signal.SIGINT), (0.3, signal.SIGTERM), (0.6, signal.SIGKILL))
    monkeypatch.setattr(agent, "CANCELLATION", steps)
    tools.plan(seconds=60, stubborn=True, orphan=True)
    run_id = project.start()
    until(lambda: "began" in tools.did())
    cancel(project, run_id)
    assert project.wait(run_id)["result"] == "canceled"
    assert [effect.get("signal") for effect in tools.effects()] == [None, None, signal.SIGINT, signal.SIGTERM]
    assert not any(psutil.pid_exists(effect.get("child", effect["pid"])) for effect in tools.effects())
