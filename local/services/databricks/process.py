"""A task's process: started on hold, known by pid and start time, so that it outlives this service and is found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

RUNNER = Path(__file__).with_name("wheel_task.py")
SAME_START_SECONDS = 2.0
"""Start times of one process, read twice, differ less: they are counted from a boot time that is itself rounded."""


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


@dataclass(frozen=True, kw_only=True)
class TaskProcess:
    """A running task: its process, perhaps started by this service's predecessor."""

    pid: int
    born: float
    child: subprocess.Popen[bytes] | None = None

    def release(self) -> None:
        """Let a held process begin; one that has died meanwhile is found dead by the watch."""
        if self.child is None or self.child.stdin is None:
            return
        try:
            self.child.stdin.write(b"start\n")
            self.child.stdin.close()
        except BrokenPipeError:
            return

    def resident(self) -> int | None:
        """Bytes of memory that it holds now; None when it is dead."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.born) > SAME_START_SECONDS or process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process.memory_info().rss
        except psutil.NoSuchProcess:
            return None

    def kill(self) -> None:
        """Kill it and the processes of its group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def reap(self) -> int | None:
        """Return the exit code of a dead process, where this service is its parent."""
        return None if self.child is None else self.child.wait()


def start(command: Command) -> TaskProcess:
    """Start the process on hold: it works only once it is released, and ends when this service dies before that.

    Raises:
        OSError: when the machine can't start it.
    """
    work = command.folder / "work"
    work.mkdir(parents=True, exist_ok=True)
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        child = subprocess.Popen(
            [command.python, "-P", RUNNER, command.folder, command.package, command.entry_point, *command.arguments],
            env=dict(command.variables),
            cwd=work,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return TaskProcess(pid=child.pid, born=psutil.Process(child.pid).create_time(), child=child)


def began(folder: Path) -> bool:
    """Whether the process of this folder was released and began to work."""
    return (folder / "began").exists()


def outcome(folder: Path) -> dict[str, Any] | None:
    """What the process wrote as its last act; None when it was killed."""
    file = folder / "outcome.json"
    return json.loads(file.read_text()) if file.exists() else None
