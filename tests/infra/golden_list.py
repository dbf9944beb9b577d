"""The golden graphs, one for each stack: `python -m tests.infra.golden_list --refresh` writes it after a wanted change."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deployment.declared import Program, declared

STACKS = ("dev", "prod")


def file_of(stack: str) -> Path:
    """Where the list of a stack is kept."""
    return Path(__file__).parent / "golden" / f"{stack}.json"


def listing(program: Program) -> list[dict[str, str]]:
    """Type, name and parent of every resource, ordered."""
    rows = [{"type": item.type, "name": item.name, "parent": item.parent} for item in program.resources]
    return sorted(rows, key=lambda row: (row["parent"], row["type"], row["name"]))


def written(rows: list[dict[str, str]]) -> str:
    """One resource a line, so that a difference reads well."""
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


if __name__ == "__main__" and "--refresh" in sys.argv:
    for stack in STACKS:
        file_of(stack).write_text(written(listing(declared(stack))))
