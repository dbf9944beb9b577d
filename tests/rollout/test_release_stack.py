"""The release stack on the real engine: made when absent, given all five keys, never written in the work tree."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from deployment.pulumi_stack import EngineBusyError, EngineFailedError, StackUnknownError
from rollout.digests import Digests
from rollout.engine import ReleaseStack

pytestmark = pytest.mark.engine
DEAD = 4_190_000
"""Above the highest process number of Linux by default."""


def lock(state: Path, host: str, pid: int) -> None:
    """Hold the stack as the engine does."""
    folder = state / "pulumi/backend/.pulumi/locks/organization/mlops-forecasting-release/dev"
    folder.mkdir(parents=True, exist_ok=True)
    held = {"pid": pid, "username": "agent", "hostname": host, "timestamp": "2026-01-01T00:00:00Z"}
    (folder / "held.json").write_text(json.dumps(held))


def test_makes_the_stack_applies_five_keys_and_leaves_the_tree_as_it_was(project):
    before = project.contents()
    assert project.stack.standing().digests == Digests()
    done = project.stack.apply(Digests(qa="sha256:a", blue="sha256:b", active="blue"))
    assert done.digests == Digests(qa="sha256:a", blue="sha256:b", active="blue")
    assert done.urls == {"qa_url": "http://1", "blue_url": "", "green_url": "", "production_url": ""}
    assert project.stack.standing() == done
    assert project.stack.apply(Digests(handler="sha256:c")).digests == Digests(handler="sha256:c")
    assert project.contents() == before


def test_an_update_that_fails_tells_what_the_engine_said(project):
    project.stack.standing()
    with pytest.raises(EngineFailedError, match="the image does not start"):
        project.stack.apply(Digests(qa="bad"))
    assert project.stack.apply(Digests(qa="good")).digests.qa == "good"


def test_the_lock_of_an_engine_that_died_here_is_taken_away_and_others_stand(project, tmp_path):
    project.stack.standing()
    lock(tmp_path / "state", socket.gethostname(), os.getpid())
    with pytest.raises(EngineBusyError, match=f"process {os.getpid()}"):
        project.stack.apply(Digests())
    lock(tmp_path / "state", "another-machine", DEAD)
    with pytest.raises(EngineBusyError, match="another-machine"):
        project.stack.apply(Digests())
    lock(tmp_path / "state", socket.gethostname(), DEAD)
    assert project.stack.apply(Digests(qa="sha256:a")).digests.qa == "sha256:a"


def test_a_platform_that_was_never_applied_is_named(project):
    with pytest.raises(StackUnknownError, match="make up"):
        project.stack.platform()


def test_a_stack_without_a_file_is_refused_with_those_that_have_one(project):
    with pytest.raises(StackUnknownError, match="allowed: dev"):
        ReleaseStack(stack="test", root=project.root).settings()
