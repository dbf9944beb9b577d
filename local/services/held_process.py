"""A process started on hold, known by pid and start time, so that it outlives the service that started it and is found again.

The program that runs in it is one of ours: it waits for a line on its standard input, touches `began` in its folder, and
writes `outcome.json` there as its last act; a process without one was killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

SAME_START_SECONDS = 2.0
"""Start times of one process, read twice, differ less: they are counted from a boot time that is itself rounded."""


@dataclass(frozen=True, kw_only=True)
class HeldProcess:
    """A process and its group, perhaps started by this service's predecessor."""

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
            if not self._is(process) or process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process.memory_info().rss
        except psutil.NoSuchProcess:
            return None

    def kill(self) -> None:
        """Kill it and the processes of its group; a stranger that got the pid since is left alone."""
        try:
            if not self._is(psutil.Process(self.pid)):
                return
        except psutil.NoSuchProcess:
            pass  # its group may live on: a pid is not given again while it names a group
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def reap(self) -> int | None:
        """Return the exit code of a dead process, where this service is its parent."""
        if self.child is None:
            return None
        if self.child.stdin is not None:
            self.child.stdin.close()
        return self.child.wait()

    def _is(self, process: psutil.Process) -> bool:
        return abs(process.create_time() - self.born) <= SAME_START_SECONDS


def hold(arguments: Sequence[str | Path], *, variables: Mapping[str, str], work: Path, log: Path) -> HeldProcess:
    """Start a process on hold: it works only once it is released, and ends when this service dies before that.

    Raises:
        OSError: when the machine can't start it.
    """
    work.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [*arguments],
            env=dict(variables),
            cwd=work,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return HeldProcess(pid=child.pid, born=psutil.Process(child.pid).create_time(), child=child)


def began(folder: Path) -> bool:
    """Whether the process of this folder was released and began to work."""
    return (folder / "began").exists()


def outcome(folder: Path) -> dict[str, Any] | None:
    """What the process wrote as its last act; None when it was killed."""
    file = folder / "outcome.json"
    return json.loads(file.read_text()) if file.exists() else None
