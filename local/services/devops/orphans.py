"""Finds and ends what a run has started and left behind, wherever in the process tree that has gone.

A run's processes carry its mark in their environment, as under Azure's own agent, which ends orphans by the same variable:
process groups don't tell, since the engine gives its plugins groups of their own.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import psutil

VARIABLE = "VSTS_PROCESS_LOOKUP_ID"
_WAIT_SECONDS = 5.0


def mark(folder: Path) -> str:
    """The mark of the run with this folder."""
    return f"vsts_{uuid.uuid5(uuid.NAMESPACE_URL, str(folder))}"


def end_orphans(folder: Path) -> int:
    """Kill all processes that carry a run's mark, until none is left; how many there were."""
    ended = 0
    while found := [process for process in psutil.process_iter() if _carries(process, mark(folder))]:
        for process in found:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(found, timeout=_WAIT_SECONDS)
        ended += len(found)
    return ended


def _carries(process: psutil.Process, marked: str) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(VARIABLE) == marked
    except (psutil.Error, OSError):
        return False
