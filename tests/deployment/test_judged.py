"""`python -m deployment.judged`: both programs in every stack, and a program with one property spoiled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.declared.programs import ROOT
from policy.audit.results import ENDINGS
from policy.rules.levels import stacks

PACKAGES = ("contracts", "cost", "deployment", "infra", "policy", "release")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The packages that declare and judge, and the stack files."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def judged(tree: Path, *stacks: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deployment.judged", *stacks]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


def replaced(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_spoiled_property_is_refused_by_rule_resource_and_fix(tree: Path) -> None:
    replaced(
        tree / "infra" / "components" / "storage_account.py", "enable_https_traffic_only=True", "enable_https_traffic_only=False"
    )
    done = judged(tree, "dev", "--results", "results")
    assert done.returncode == 1, done.stderr
    assert "st-https" in done.stdout
    assert "StorageAccount lake" in done.stdout
    assert "Set enable_https_traffic_only=True on the StorageAccount." in done.stdout
    summaries = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.split(":")[0] for line in summaries] == ["mlops-forecasting dev", "mlops-forecasting-release dev"]
    written = {file.name: file.read_text() for file in (tree / "results").iterdir()}
    broken = {name for name, text in written.items() if "st-https" in text and name.startswith("mlops-forecasting.dev.")}
    assert broken == {f"mlops-forecasting.dev.{ending}" for ending in ENDINGS.values()}
    assert len(written) == 2 * len(ENDINGS)


def test_a_program_that_breaks_is_told_in_four_parts(tree: Path) -> None:
    replaced(tree / "Pulumi.dev.yaml", "location: westeurope", "location: 12")
    done = judged(tree, "dev")
    assert done.returncode == 2
    assert "did not run to its end" in done.stderr
    assert "location" in done.stderr


def test_a_stack_that_has_no_levels_is_refused_by_name(tree: Path) -> None:
    done = judged(tree, "staging")
    assert done.returncode == 2
    assert "staging" in done.stderr
    assert ", ".join(stacks()) in done.stderr
