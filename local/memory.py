"""The largest memory that the flow and all processes of the local cloud held at one moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local.lifecycle import running

EVERY_SECONDS = 1.0
MIB = 2**20


class PeakMemory:
    """Samples the proportional set size of this process, the supervisor and all their children: a shared page counts once."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._over = threading.Event()
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
            roots = {os.getpid(), running(self._state) or os.getpid()}
            self.mebibytes = max(self.mebibytes, sum(_held(pid) for pid in roots) // MIB)


def _held(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += _size(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def _size(process: psutil.Process) -> int:
    """Proportional set size where the system tells it (Linux), else resident memory."""
    full = process.memory_full_info()
    return int(getattr(full, "pss", full.rss))
