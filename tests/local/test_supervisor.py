"""The supervisor keeps wanted processes running, is alone on its stack, and leaves nothing when it ends or dies."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable

import psutil
import pytest

from local.endpoints import Endpoints
from local.lifecycle import PROCESSES, PortTakenError, ProcessUnknownError, healthy, restart, running, start, stop
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


def test_each_process_can_be_restarted_alone(state):
    for name in ("kafka", "blob", "provider"):
        before = pids(state)
        restart(state, name, Step(name))
        after = pids(state)
        assert {other for other in PROCESSES if after[other] != before[other]} == {name}
    with pytest.raises(ProcessUnknownError, match="kafka, identity"):
        restart(state, "dfs", Step("dfs"))


def test_a_port_that_a_stranger_took_while_a_service_was_away_is_told_with_the_stranger(state):
    stop(state)
    with socket.create_server(("127.0.0.1", Endpoints.of(state).kafka)):
        with pytest.raises(PortTakenError, match=f"process {os.getpid()}") as refusal:
            start(state, Step("services"))
        assert "kafka" in refusal.value.happened
        assert not healthy(state)["kafka"]
    start(state, Step("services"))


@pytest.mark.slow
def test_a_supervisor_killed_hard_leaves_processes_that_the_next_one_ends(state):
    before = pids(state)
    os.kill(before.pop("supervisor"), signal.SIGKILL)
    until(lambda: running(state) is None)
    start(state, Step("services"))
    assert set(pids(state).values()).isdisjoint(before.values())
    until(lambda: [pid for pid in before.values() if psutil.pid_exists(pid)] == [])
