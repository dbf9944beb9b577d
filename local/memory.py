"""The largest memory that the flow and all processes of the local cloud held at one moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from local.lifecycle import running

EVERY_SECONDS = 1.0
MIB = 2**20


class PeakMemory:
    """Samples the proportional set size of this process, the supervisor and all their children: a shared page counts once.

    The kernel walks every page for it, so it is asked only when the resident sizes, which are cheap, sum up to more than ever.
    """

    def __init__(self, state: Path) -> None:
        self._state = state
        self._over = threading.Event()
        self._resident = 0
        self.mebibytes = 0

    @contextmanager
    def watched(self) -> Iterator[PeakMemory]:
        """Sample while the block runs."""
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _sample(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            processes = _processes({os.getpid(), running(self._state) or os.getpid()})
            resident = _sum(processes, lambda process: process.memory_info().rss)
            if resident > self._resident:
                self._resident = resident
                self.mebibytes = max(self.mebibytes, _sum(processes, _proportional) // MIB)


def _processes(roots: set[int]) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for pid in roots:
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(pid)
            found += [root, *root.children(recursive=True)]
    return found


def _sum(processes: list[psutil.Process], size: Callable[[psutil.Process], int]) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            total += size(process)
    return total


def _proportional(process: psutil.Process) -> int:
    """Proportional set size where the system tells it (Linux), else resident memory."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", full.rss))
