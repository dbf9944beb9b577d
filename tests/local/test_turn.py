"""Two commands never work on one stack at once, and a command that dies leaves its turn."""

import os
import signal
import subprocess
import sys

import pytest

from local.turn import StackBusyError, turn

HOLD = "import sys, time; from pathlib import Path; from local.turn import turn\nwith turn(Path(sys.argv[1]), 'make up'): print('held', flush=True); time.sleep(60)"


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "dev")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_command_is_refused_with_verb_and_process_of_the_first(holder, tmp_path):
    with pytest.raises(StackBusyError) as refusal, turn(tmp_path / "dev", "make down"):
        pass
    assert f"make up (process {holder.pid}, for" in refusal.value.given
    assert "stack dev" in refusal.value.happened


def test_another_stack_has_its_own_turn(holder, tmp_path):
    with turn(tmp_path / "prod", "make up"):
        assert holder.poll() is None


def test_a_command_that_is_killed_holds_nothing_any_more(holder, tmp_path):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with turn(tmp_path / "dev", "make up"):
        pass


def test_a_turn_in_which_nothing_was_made_leaves_no_folder(tmp_path):
    with turn(tmp_path / ".local" / "dev", "make up"):
        assert (tmp_path / ".local" / "dev").exists()
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_stays_without_a_trace_of_the_turn(tmp_path):
    with turn(tmp_path / "dev", "make up"):
        (tmp_path / "dev" / "cloud.db").touch()
    assert [file.name for file in (tmp_path / "dev").iterdir()] == ["cloud.db"]


def test_a_stack_that_is_removed_while_it_is_held_can_be_made_anew(tmp_path):
    with turn(tmp_path / "dev", "make down"):
        (tmp_path / "dev" / "turn.json").unlink()
        (tmp_path / "dev").rmdir()
        with turn(tmp_path / "dev", "make up"):
            assert (tmp_path / "dev").exists()


def test_the_commands_of_the_makefile_wait_for_nobody(holder, tmp_path):
    environment = dict(os.environ, LOCAL_CLOUD_HOME=str(tmp_path))
    for command in (["local.flow", "down"], ["local.cli", "down"]):
        done = subprocess.run(
            [sys.executable, "-m", *command], env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 2
        assert f"make up (process {holder.pid}" in done.stderr
    assert holder.poll() is None
