"""`make up` interrupted by ctrl-C, and by kill -9 of the engine, goes on from where it was; `make down` leaves nothing."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.flow.conftest import until

pytestmark = [pytest.mark.flow, pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

# A shell's background job starts with SIGINT ignored; ctrl-C is for one that does not.
UP = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["make", "up"]
runpy.run_module("local.flow", run_name="__main__")
"""


@pytest.fixture
def home(tmp_path):
    environment = {**os.environ, "LOCAL_CLOUD_HOME": str(tmp_path / "home")}
    yield environment
    assert run(environment, "down").returncode == 0
    assert not (tmp_path / "home").exists()


def run(environment, verb):
    return subprocess.run(
        [sys.executable, "-m", "local.flow", verb], env=environment, capture_output=True, text=True, check=False
    )


def begun(environment):
    """An `up` in the middle of applying the platform."""
    running = subprocess.Popen(
        [sys.executable, "-c", UP], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    checkpoint = Path(environment["LOCAL_CLOUD_HOME"]) / "dev/pulumi/backend/.pulumi/stacks/mlops-forecasting/dev.json"

    def some_resources_are_made() -> bool:
        try:
            with checkpoint.open() as file:
                return len((json.load(file)["checkpoint"].get("latest") or {}).get("resources") or []) > 20
        except (OSError, ValueError):
            return False

    until("resources are being made", some_resources_are_made)
    return running


def test_after_ctrl_c_the_next_up_finishes_and_the_one_after_changes_nothing(home):
    running = begun(home)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Interrupted" in said
    assert run(home, "up").returncode == 0
    again = run(home, "up")
    assert "no change" in again.stderr


def test_after_kill_9_of_the_engine_the_next_up_recovers(home):
    running = begun(home)
    engine = next(child for child in psutil.Process(running.pid).children(recursive=True) if child.name() == "pulumi")
    engine.kill()
    running.communicate(timeout=60)
    assert running.returncode == 2
    assert run(home, "up").returncode == 0
