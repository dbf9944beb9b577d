"""On a machine that lacks something, the first command says what, in four parts, and nothing has started."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OTHER_PYTHON = """
import runpy, sys
sys.version_info = (3, 8, 0, "final", 0)
runpy.run_path("local/bootstrap.py", run_name="__main__")
"""


def test_another_python_is_named_with_the_one_that_is_wanted(tmp_path):
    command = [sys.executable, "-c", OTHER_PYTHON]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "allowed: Python 3.12" in done.stderr
    assert "PYTHON=" in done.stderr


def test_without_go_and_pulumi_make_up_names_go_and_the_minutes_and_makes_nothing(tmp_path):
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "LOCAL_CLOUD_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "local.flow", "up"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "This machine lacks the Pulumi engine." in done.stderr
    assert "Install Go 1.26" in done.stderr
    assert "minutes" in done.stderr
    assert not (tmp_path / "home").exists()


def test_the_doctor_lists_everything_and_fails_when_something_required_is_missing(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "COLUMNS": "200"}
    command = [sys.executable, "-m", "local.cli", "doctor"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.count("missing") == 2
    assert "optional" in done.stdout
