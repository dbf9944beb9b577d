"""`python -m deployment.judged`: both programs in every stack, and a program with one property spoiled."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deployment.judged.programs import ROOT
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


def judged(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "deployment.judged"], cwd=tree, capture_output=True, text=True, check=False)


def replaced(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_a_spoiled_property_is_refused_by_rule_resource_and_fix_in_every_stack(tree: Path) -> None:
    replaced(
        tree / "infra" / "components" / "storage_account.py", "enable_https_traffic_only=True", "enable_https_traffic_only=False"
    )
    done = judged(tree)
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("st-https") >= 2 * len(stacks())
    assert "StorageAccount lake" in done.stdout
    assert "Set enable_https_traffic_only=True on the StorageAccount." in done.stdout
    summaries = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.split(":")[0] for line in summaries] == [
        f"mlops-forecasting{part} {stack}" for part in ("", "-release") for stack in stacks()
    ]


def test_a_program_that_breaks_is_told_in_four_parts(tree: Path) -> None:
    replaced(tree / "Pulumi.dev.yaml", "location: westeurope", "location: 12")
    done = judged(tree)
    assert done.returncode == 2
    assert "did not run to its end" in done.stderr
    assert "location" in done.stderr
