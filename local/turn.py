"""One verb at a time on a stack: a lock on its state directory that ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError


class StackBusyError(FourPartError):
    """Another verb works on the stack."""


@contextmanager
def turn(state: Path, verb: str) -> Iterator[None]:
    """Hold the stack while the block runs; the directory is made if it is not there, and goes if it stays empty.

    Raises:
        StackBusyError: when another process holds it; names verb and process.
        OSError: when the directory can't be made or written.
    """
    directory = _locked(state)
    try:
        (state / "turn.json").write_text(json.dumps({"verb": verb, "pid": os.getpid(), "since": time.time()}))
        yield
    finally:
        (state / "turn.json").unlink(missing_ok=True)
        for folder in (state, state.parent):
            with contextlib.suppress(OSError):  # something is in it
                folder.rmdir()
        os.close(directory)


def _locked(state: Path) -> int:
    """The open directory, locked; once more when the one that was waited at is removed meanwhile."""
    while True:
        state.mkdir(parents=True, exist_ok=True)
        directory = os.open(state, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(directory)
            raise _busy(state) from None
        if _is_still(directory, state):
            return directory
        os.close(directory)


def _is_still(directory: int, state: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(directory), state.stat())
    except FileNotFoundError:
        return False


def _busy(state: Path) -> StackBusyError:
    holder: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):  # it has just come, or is about to go
        holder = json.loads((state / "turn.json").read_text())
    since = f", for {time.time() - holder['since']:.0f} s" if holder else ""
    return StackBusyError(
        f"Another command works on stack {state.name}.",
        given=f"{holder.get('verb', 'a command')} (process {holder.get('pid', 'unknown')}{since})",
        allowed="one at a time on a stack; another stack has its own turn",
        remedy="Wait until it has ended, or stop it with ctrl-C where it was started; then run this command again.",
    )
