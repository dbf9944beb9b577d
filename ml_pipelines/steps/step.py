"""How every step starts and ends: arguments in, one line of JSON out, errors in four parts with exit code 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError

EXIT_REFUSED = 2

type Step = Callable[[argparse.Namespace], Mapping[str, Any]]
"""A step's work; what it returns is told as the last line of standard output."""


def arguments(step: str, *, folders: tuple[str, ...] = (), texts: tuple[str, ...] = ()) -> argparse.ArgumentParser:
    """A parser of the required arguments `--<name>`: folders become paths."""
    parser = argparse.ArgumentParser(prog=f"ml_pipelines.steps.{step}", allow_abbrev=False)
    for name in folders:
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in texts:
        parser.add_argument(f"--{name}", required=True)
    return parser


def run(step: Step, parser: argparse.ArgumentParser, words: Sequence[str] | None = None) -> int:
    """Do a step's work, with the command line or the words given, and return the exit code.

    What a person can put right is told in its four parts; other faults keep their traceback.
    """
    given = parser.parse_args(words)
    try:
        told = step(given)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    return 0


def write(folder: Path, name: str, content: Mapping[str, Any]) -> Path:
    """Write one JSON file into an output folder, keys sorted."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n")
    return file


def read(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON file of an input folder."""
    content: dict[str, Any] = json.loads((folder / name).read_text())
    return content
