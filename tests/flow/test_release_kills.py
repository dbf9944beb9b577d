"""kill -9 of each process at one named point of a release: the next start finishes or returns, never half."""

import json
import os
import signal
import subprocess

import psutil
import pytest

from local.lifecycle import ROOT
from local.services.containers.models import Pods
from tests.flow.conftest import Stack, until
from tests.flow.releases import code_only, groups, live, released, rollout, slots

pytestmark = [pytest.mark.flow, pytest.mark.slow]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def driver(digest: str) -> psutil.Process | None:
    """The process that drives the release of an image."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "rollout" in words and digest in words and words[0].endswith("python"):
            return process
    return None


def qa_runs(stack: Stack) -> bool:
    """Whether the container of QA is ready: the point at which processes are killed."""
    return any(not pod.namespace and pod.ready for pod in Pods(stack.cloud.store).all())


def finish(stack: Stack, digest: str, result) -> None:
    """What a person does after a run that ended badly: the same release again."""
    command, environment = rollout(stack, digest, result)
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(result.read_text())["decision"] in {"released", "unchanged"}


def is_whole(stack: Stack, digest: str) -> None:
    """The image alone is in production, and nothing of the way there is left."""
    until("production answers as the image", lambda: live(stack)["digest"] == digest)
    assert len(slots(stack)) == 1
    assert groups(stack) == []


@pytest.mark.parametrize("process", ["containers", "devops", "eventgrid", "arm", "registry", "identity", "blob", "provider"])
def test_a_service_killed_while_the_image_is_in_qa(own_stack, process, tmp_path):
    digest = code_only(own_stack)
    until("QA is ready", lambda: qa_runs(own_stack), 120)
    kill(own_stack.pid(process))
    run, _ = released(own_stack, digest)
    if run.result != "succeeded":
        finish(own_stack, digest, tmp_path / "result.json")
    is_whole(own_stack, digest)


def test_the_driver_killed_while_the_image_is_in_qa(own_stack, tmp_path):
    before, digest = live(own_stack)["digest"], code_only(own_stack)
    until("QA is ready", lambda: qa_runs(own_stack), 120)
    process = driver(digest)
    assert process is not None
    kill(process.pid)
    run, result = released(own_stack, digest)
    assert (run.result, result) == ("failed", {})
    assert live(own_stack)["digest"] == before
    finish(own_stack, digest, tmp_path / "result.json")
    is_whole(own_stack, digest)


def test_the_engine_killed_while_the_image_is_in_qa(own_stack, tmp_path):
    digest = code_only(own_stack)
    until("QA is ready", lambda: qa_runs(own_stack), 120)

    def engine() -> list[psutil.Process]:
        process = driver(digest)
        children = process.children(recursive=True) if process else []
        return [child for child in children if child.name() == "pulumi"]

    until("the engine works on the idle slot", engine, 60)
    kill(engine()[0].pid)
    run, _ = released(own_stack, digest)
    if run.result != "succeeded":
        finish(own_stack, digest, tmp_path / "result.json")
    is_whole(own_stack, digest)


def test_the_handler_killed_when_the_image_was_pushed(own_stack):
    digest = code_only(own_stack)
    kill(own_stack.pid("event-handler-0"))
    run, _ = released(own_stack, digest)
    assert run.result == "succeeded"
    is_whole(own_stack, digest)
