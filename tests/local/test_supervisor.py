"""The supervisor keeps wanted processes running, is alone on its stack, and leaves nothing when it ends or dies."""

import json
import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from local.lifecycle import healthy, running, start, stop
from local.progress import Progress, Step
from local.services.eventhubs.broker import BROKER

pytestmark = pytest.mark.flow


def until(holds: Callable[[], object]) -> None:
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def pids(state) -> dict[str, int]:
    kept = json.loads((state / "processes.json").read_text())
    return {name: row["pid"] for name, row in kept.items() if row["pid"]}


@pytest.fixture
def state(tmp_path):
    BROKER.ensure(Progress())
    folder = tmp_path / "dev"
    start(folder, Step("services"))
    yield folder
    stop(folder)


def test_all_services_answer_and_stopping_ends_every_process(state):
    assert all(healthy(state).values())
    before = pids(state)
    stop(state)
    assert running(state) is None
    assert [pid for pid in before.values() if psutil.pid_exists(pid)] == []


def test_starting_twice_is_one_supervisor(state):
    first = running(state)
    start(state, Step("services"))
    assert running(state) == first


def test_a_process_that_dies_is_started_again_and_counted(state):
    old = pids(state)["identity"]
    os.kill(old, signal.SIGKILL)
    until(lambda: pids(state).get("identity", old) != old and healthy(state)["identity"])
    assert json.loads((state / "processes.json").read_text())["identity"]["restarts"] == 1


@pytest.mark.slow
def test_a_supervisor_killed_hard_leaves_processes_that_the_next_one_ends(state):
    before = pids(state)
    os.kill(before.pop("supervisor"), signal.SIGKILL)
    until(lambda: running(state) is None)
    start(state, Step("services"))
    assert set(pids(state).values()).isdisjoint(before.values())
    until(lambda: [pid for pid in before.values() if psutil.pid_exists(pid)] == [])
