"""Console blocks of the pages, and the form of what a command prints, whose figures may differ."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
README, TOUR = ((ROOT / name).read_text() for name in ("README.md", "docs/tour.md"))

PERSON = {**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")}, "NO_COLOR": "1"}
"""A person's environment: a `make` that this one may run in would add its own lines."""


def printed(home: dict[str, str], *command: str) -> str:
    """What a person reads: progress goes to standard error, the closing block to standard output."""
    done = subprocess.run(command, cwd=ROOT, env=home, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def blocks_of(page: str, language: str = "") -> list[str]:
    """All blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)


def block_of(page: str, start: str) -> str:
    """The first console block of a page that begins so."""
    return next(block for block in blocks_of(page) if block.startswith(start))


def shape(text: str) -> list[str]:
    """The first word of each line: the label of a closing block, or the state of a phase with its name."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("running")]
    return [" ".join(line.split()[:2]) if line.startswith("  ") else line.split()[0] for line in lines]


def closing(text: str) -> str:
    """The closing block of an output."""
    return text[text.index("\nstack ") + 1 :]


def masked(text: str) -> str:
    """A text whose figures count as equal."""
    return re.sub(r"[+-]?\d[\d.,]*", "#", text).strip()
