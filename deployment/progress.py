"""The journal of a command: a line for each part, with its state and seconds, on the error stream."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

SAME = "same"


@contextmanager
def told(name: str) -> Iterator[dict[str, str]]:
    """Tell a part's state and seconds, whether it ends well or not."""
    began, journal = time.monotonic(), {"told": ""}
    line("running", name, "")
    try:
        yield journal
    except BaseException:
        line("failed", name, f"{time.monotonic() - began:.1f} s")
        raise
    line("done", name, f"{time.monotonic() - began:.1f} s  {journal['told']}")


def line(state: str, name: str, told: str) -> None:
    sys.stderr.write(f"  {state:<8}{name:<11}{told}".rstrip() + "\n")
    sys.stderr.flush()


def counted(changes: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} {operation}" for operation, count in sorted(changes.items()) if operation != SAME)
    return told or "no change"
