"""What the platform and the release declare for a stack file, with some values changed: for costs, judging and tests."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deployment.declared.model import Declared, Program, ProgramFailedError

ROOT = Path(__file__).parents[2]
PLATFORM, RELEASE = "mlops-forecasting", "mlops-forecasting-release"
FOLDERS = {PLATFORM: ROOT / "infra", RELEASE: ROOT / "release"}
STACK_FILES = {PLATFORM: ROOT, RELEASE: ROOT / "release"}
OPENED = json.dumps({"allowedAddresses": ["20.50.1.0/24", "20.60.1.1"]})
"""Changes to a stack file that let people and agents in from two places."""
DIGESTS = {letter: f"sha256:{letter * 64}" for letter in "abcdef"}
IN_EVERY_PLACE = {"qaDigest": "a", "blueDigest": "b", "greenDigest": "c", "handlerDigest": "d", "active": "blue"}
"""A release that holds an image in every place."""


def stack_values(stack: str, project: str = PLATFORM) -> dict[str, Any]:
    """The values of a stack file, keys without the project's name."""
    config: dict[str, Any] = yaml.safe_load((STACK_FILES[project] / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{project}:"): value for key, value in config.items()}


@cache
def declared(stack: str, changes: str = "{}") -> Program:
    """What the platform program declares for a stack file, with some values changed (JSON).

    Raises:
        ProgramFailedError: with what the program said.
    """
    return _recorded(PLATFORM, stack, changes)


def released(stack: str = "dev", **changes: Any) -> Program:
    """What the release program declares, on the outputs that the platform program really has.

    Changes are digests or settings; one letter stands for a digest of its own.

    Raises:
        ProgramFailedError: with what a program said.
    """
    given = {key: DIGESTS.get(value, value) if isinstance(value, str) else value for key, value in changes.items()}
    return _released(stack, json.dumps(given))


def kubernetes(program: Program, kind: str) -> dict[str, Declared]:
    """Kubernetes objects of a kind such as `apps/v1:Deployment`, by their own name."""
    found = [item for item in program.resources if item.type == f"kubernetes:{kind}"]
    return {item.inputs["metadata"]["name"]: item for item in found}


def whole(project: str, stack: str) -> list[Declared]:
    """Everything that a project's program declares for the stack file as it is, a release with an image in every place."""
    return (declared(stack) if project == PLATFORM else released(stack, **IN_EVERY_PLACE)).whole


@cache
def _released(stack: str, changes: str) -> Program:
    return _recorded(RELEASE, stack, changes, json.dumps(declared(stack).outputs))


def _recorded(project: str, stack: str, changes: str, given: str = "") -> Program:
    command = [sys.executable, "-m", "deployment.declared", project, stack, changes]
    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise ProgramFailedError(
            "The program did not run to its end.",
            given=done.stderr.strip()[-3000:],
            allowed="a stack file that the program takes",
            remedy="Change what the last line names.",
        )
    answer = json.loads(done.stdout)
    return Program(whole=[Declared(**resource) for resource in answer["whole"]], outputs=answer["outputs"])
