"""Logs of a stack's processes: found by name, printed, followed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from contracts.errors import FourPartError

LOOK_SECONDS = 0.2


class LogUnknownError(FourPartError):
    """There is no log of this name."""


def log_of(folder: Path, name: str) -> Path:
    """The log of a process.

    Raises:
        LogUnknownError: names those that there are.
    """
    logs = {file.stem: file for file in folder.glob("*.log")}
    if name not in logs:
        names = ", ".join(sorted(logs)) or "none yet"
        raise LogUnknownError("There is no log of this name.", given=name, allowed=names, remedy="Name one of them.")
    return logs[name]


def follow(log: Path, lines: int = 10) -> Iterator[str]:
    """The last lines of a log, then whatever is written to it, until the reader has enough.

    A log that was put aside and begun anew is read from its beginning.
    """
    text = log.read_bytes()
    place = len(text)
    yield b"".join(text.splitlines(keepends=True)[-lines:]).decode(errors="replace")
    while True:
        time.sleep(LOOK_SECONDS)
        size = log.stat().st_size if log.exists() else 0
        if size != place:
            with log.open("rb") as opened:
                opened.seek(place if size > place else 0)
                text = opened.read()
                place = opened.tell()
            yield text.decode(errors="replace")
