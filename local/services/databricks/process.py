"""A task's process: an entry point of a package, run by `wheel_task.py` in the task's environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.services.held_process import HeldProcess, hold

RUNNER = Path(__file__).with_name("wheel_task.py")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run: an entry point of a package in an environment, where to work and where to write."""

    python: Path
    package: str
    entry_point: str
    arguments: tuple[str, ...]
    variables: Mapping[str, str]
    folder: Path
    log: Path


def start(command: Command) -> HeldProcess:
    """Start the process on hold: it works only once it is released, and ends when this service dies before that.

    Raises:
        OSError: when the machine can't start it.
    """
    runner = (command.python, "-P", RUNNER, command.folder, command.package, command.entry_point, *command.arguments)
    return hold(runner, variables=command.variables, work=command.folder / "work", log=command.log)
