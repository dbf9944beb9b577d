"""A task's process on hold: it works only when released, so that none works that the service has not noted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local.services.databricks import process
from local.services.held_process import HeldProcess, began, outcome


@pytest.fixture
def command(tmp_path):
    return process.Command(
        python=Path(sys.executable),
        package="json",
        entry_point="missing",
        arguments=(),
        variables={},
        folder=tmp_path / "attempt",
        log=tmp_path / "logs" / "task.log",
    )


def hang_up(held: HeldProcess) -> None:
    assert held.child
    assert held.child.stdin
    held.child.stdin.close()


def test_a_process_whose_service_dies_before_the_release_does_nothing(command):
    held = process.start(command)
    hang_up(held)
    assert held.reap() == 0
    assert not began(command.folder)
    assert outcome(command.folder) is None


def test_a_released_process_says_how_it_ended(command):
    held = process.start(command)
    assert held.resident()
    held.release()
    assert held.reap() == 1
    assert began(command.folder)
    told = outcome(command.folder) or {}
    assert told["error"].startswith("PackageNotFoundError")
    assert told["peak_bytes"] > 1_000_000
    assert held.resident() is None


def test_a_killed_process_leaves_no_outcome_and_a_reused_pid_is_not_taken_for_it(command):
    held = process.start(command)
    assert HeldProcess(pid=held.pid, born=held.born - 60).resident() is None
    held.kill()
    assert held.reap() == -9
    hang_up(held)
    assert outcome(command.folder) is None
    held.kill()
