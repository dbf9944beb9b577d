"""Exported states: of the stacks that stand, and what the engine says of one by the pack."""

from __future__ import annotations

import json
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from policy.audit.findings import Audit, read
from policy.audit.secrets import plain_secrets
from policy.rules.levels import DISABLED, FOLDER, levels

TAIL_LINES = 6
ROOT = FOLDER.parent
NO_STACK = "no stack named"


class AuditRefusedError(FourPartError):
    """A state that can't be judged."""


class Project(StrEnum):
    """The projects whose stacks stand on Azure, by the folder of their Pulumi.yaml."""

    PLATFORM = "."
    RELEASE = "release"

    def export(self, stack: str, file: Path) -> bool:
        """Write the stack's state, secrets encrypted, from the backend that the engine is logged in to; False when there is none.

        Raises:
            AuditRefusedError: the engine could not, or the platform was never applied.
        """
        command = ["pulumi", "stack", "export", "--non-interactive", "--stack", stack, "--file", str(file)]
        done = _run(command, ROOT / self)
        absent = NO_STACK in done.stderr
        if done.returncode and not absent:
            raise refused("The engine could not export the state.", tail(done.stderr))
        stands = not absent and bool(json.loads(file.read_text())["deployment"].get("resources"))
        if not stands and self is Project.PLATFORM:
            raise AuditRefusedError(
                "There is nothing to judge.",
                given=f"no platform stack {stack}",
                allowed="a platform that was applied, in the backend that `pulumi whoami -v` names",
                remedy=f"make deploy STACK={stack}, or log in to the backend that holds it.",
            )
        return stands


def judge(file: Path, stack: str) -> Audit:
    """Let the engine judge an exported state with the levels of a stack, and look for secrets in clear.

    Raises:
        AuditRefusedError: there is no such file, it is no export, or the engine could not judge it.
    """
    state = _state(file)
    command = ["pulumi", "policy", "analyze", "--json", "--file", str(file.resolve()), "--policy-pack", str(FOLDER)]
    command += ["--policy-pack-config", str(FOLDER / f"config.{stack}.json")]
    done = _run(command)
    found = read(done.stdout.splitlines())
    if done.returncode and not any(one.level == "mandatory" for one in found):
        raise refused("The engine could not judge the state.", tail(done.stderr))
    asked = sum(level.name != DISABLED for level in levels(stack).values())
    root = next((row["urn"] for row in state["deployment"].get("resources") or () if row["type"] == "pulumi:pulumi:Stack"), "")
    project = [*root.split("::"), ""][1] if root else ""
    return Audit(stack=stack, project=project, rules=asked + 1, findings=(*plain_secrets(state), *found))


def _run(command: list[str], folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - the engine on PATH
    except FileNotFoundError as error:
        raise AuditRefusedError(
            "There is no engine to judge with.",
            given=f"no `{command[0]}` on PATH",
            allowed="Pulumi's command line on PATH",
            remedy="Install Pulumi (pulumi.com/docs/install), or put `local-cloud run --` before the command to judge on this machine.",
        ) from error


def _state(file: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise refused("The state can't be read.", f"{file}: {error}") from error
    if not isinstance(state, dict) or not isinstance(state.get("deployment"), dict):
        raise refused("The file is no exported state.", str(file))
    return state


def tail(said: str) -> str:
    """The last lines of what the engine said."""
    return "\n".join(said.strip().splitlines()[-TAIL_LINES:])


def refused(happened: str, given: str) -> AuditRefusedError:
    """The error of a state that can't be judged."""
    return AuditRefusedError(
        happened,
        given=given or "no diagnostics",
        allowed="the file that `pulumi stack export --file` writes, and `pulumi` on PATH",
        remedy="Export the stack again: pulumi stack export --stack STACK --file STATE.",
    )
