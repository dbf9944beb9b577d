"""Environments from published documents: isolated, built once, rebuilt when left unfinished, removed when old."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_ops.uv import UvNotFoundError, find_uv
from local.environments.environments import COMPLETE, KEPT, Environment, EnvironmentFailedError, build, default_cache, prune

EMPTY = Environment()


def make_wheel(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "thing"\nversion = "1"\n[tool.hatch.build.targets.wheel]\ninclude = ["thing.py"]\n'
    )
    (folder / "thing.py").write_text(f"TEXT = {text!r}\n")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"], cwd=folder, check=True)
    return next((folder / "dist").glob("*.whl"))


def run(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([python, "-P", "-c", code], capture_output=True, text=True, check=False)


def test_an_environment_holds_nothing_of_the_work_tree(tmp_path):
    python = build(EMPTY, tmp_path)
    for name in ("local", "contracts", "data_ops", "httpx"):
        assert f"No module named '{name}'" in run(python, f"import {name}").stderr


def test_a_wheel_is_installed_and_other_bytes_are_another_environment(tmp_path):
    pythons = []
    for text in ("one", "two"):
        wheel = make_wheel(tmp_path, text)
        pythons.append(build(Environment(wheels=(wheel,)), tmp_path / "cache"))
        assert run(pythons[-1], "import thing; print(thing.TEXT)").stdout == f"{text}\n"
    assert pythons[0] != pythons[1]
    assert run(pythons[0], "import thing; print(thing.TEXT)").stdout == "one\n"


def test_the_requirements_are_installed_as_they_are_written(tmp_path):
    wheel = make_wheel(tmp_path, "required")
    python = build(Environment(requirements=f"# a comment\nthing @ {wheel.as_uri()}\n"), tmp_path / "cache")
    assert run(python, "import thing; print(thing.TEXT)").stdout == "required\n"


def test_an_interrupted_build_is_done_again_and_a_finished_one_is_not(tmp_path):
    python = build(EMPTY, tmp_path)
    folder = python.parents[1]
    (folder / "own").touch()
    assert build(EMPTY, tmp_path) == python
    assert (folder / "own").exists()
    (folder / COMPLETE).unlink()
    python.unlink()
    assert run(build(EMPTY, tmp_path), "print(1)").stdout == "1\n"
    assert not (folder / "own").exists()


def test_two_processes_build_one_environment_once(tmp_path):
    code = (
        "import sys; from pathlib import Path; from local.environments.environments import *;"
        "print((build(Environment(), Path(sys.argv[1])).parents[1] / 'pyvenv.cfg').stat().st_mtime_ns)"
    )
    builders = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert len({builder.communicate()[0] for builder in builders}) == 1


def test_a_document_that_can_not_be_installed_leaves_no_environment(tmp_path):
    broken = Environment(requirements="./not-a-package-here\n")
    for _ in range(2):
        with pytest.raises(EnvironmentFailedError, match=r"(?s)given: .*not-a-package-here"):
            build(broken, tmp_path)
    assert not (tmp_path / broken.key / COMPLETE).exists()


def test_old_environments_go_but_not_those_used_lately(tmp_path):
    for number in range(KEPT + 3):
        folder = tmp_path / f"environment{number}"
        folder.mkdir()
        (folder / COMPLETE).touch()
        age = 0 if number == KEPT + 2 else 3 * 24 * 3600
        os.utime(folder / COMPLETE, (time.time() - age - number, time.time() - age - number))
    prune(tmp_path)
    left = {int(folder.name.removeprefix("environment")) for folder in tmp_path.iterdir() if folder.is_dir()}
    assert left == {KEPT + 2, *range(KEPT - 1)}


def test_uv_is_named_by_the_environment_or_refused_in_four_parts(monkeypatch):
    found = find_uv()
    monkeypatch.setenv("UV", str(found))
    assert find_uv() == found
    monkeypatch.setenv("UV", "/nowhere/uv")
    with pytest.raises(UvNotFoundError, match=r"given: .*UV=/nowhere/uv"):
        find_uv()


def test_the_cache_follows_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "mlops-forecasting" / "environments"
