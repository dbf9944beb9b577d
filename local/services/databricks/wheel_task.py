"""Runs one Python wheel task inside its own environment; standard library only, since nothing else is there.

Arguments: the attempt's folder, the package, the entry point, the task's own arguments. Starts when it reads a line, so
that no process works before the service has noted it. Writes `outcome.json` into the folder as its last act; a process
without one was killed.
"""

import atexit
import importlib
import importlib.metadata
import json
import os
import resource
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

KIBIBYTE = 1024


def main() -> None:
    """Call the entry point as Databricks does: from the package's metadata, else as a function of the package."""
    folder, package, name, *arguments = sys.argv[1:]
    if sys.stdin.readline() != "start\n":
        return
    Path(folder, "began").touch()
    outcome: dict[str, Any] = {"finished": False}
    atexit.register(_write, Path(folder, "outcome.json"), outcome, os.getpid())
    sys.excepthook = _recorder(outcome)
    sys.argv = [package, *arguments]
    try:
        _function(package, name)()
    except SystemExit as stop:
        if stop.code not in (None, 0):
            outcome["error"] = f"SystemExit: {stop.code}"
            raise
    outcome["finished"] = True


def _function(package: str, name: str) -> Any:
    for entry in importlib.metadata.distribution(package).entry_points:
        if entry.name == name:
            return entry.load()
    return getattr(importlib.import_module(package), name)


def _recorder(outcome: dict[str, Any]) -> Any:
    def record(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        outcome["error"] = f"{kind.__name__}: {error}"
        outcome["trace"] = "".join(traceback.format_exception(kind, error, trace))
        sys.__excepthook__(kind, error, trace)

    return record


def _write(file: Path, outcome: dict[str, Any], owner: int) -> None:
    if os.getpid() != owner:
        return
    peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    unit = 1 if sys.platform == "darwin" else KIBIBYTE
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps({**outcome, "peak_bytes": max(peaks) * unit}))
    draft.replace(file)


if __name__ == "__main__":
    main()
