"""The golden graphs, one for each stack: `python -m tests.infra.golden_list --refresh` writes it after a wanted change."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from deployment.declared.model import Declared, Program
from deployment.declared.programs import declared

STACKS = ("dev", "prod")


def file_of(stack: str) -> Path:
    """Where the list of a stack is kept."""
    return Path(__file__).parent / "golden" / f"{stack}.json"


def listing(program: Program) -> list[dict[str, Any]]:
    """Type, name and parent of every resource, and the other components that it takes something from; ordered."""
    parts = {item.urn: _part(item) for item in program.resources}
    rows = [
        {
            "type": item.type,
            "name": item.name,
            "parent": item.parent,
            "needs": sorted({parts[urn] for urn in item.dependencies if urn in parts} - {_part(item), "stack"}),
        }
        for item in program.resources
    ]
    return sorted(rows, key=lambda row: (row["parent"], row["type"], row["name"]))


def _part(item: Declared) -> str:
    """The component that a resource belongs to; a component belongs to itself."""
    return item.name if item.type.startswith("mlops-forecasting:") else item.parent


def written(rows: list[dict[str, Any]]) -> str:
    """One resource a line, so that a difference reads well."""
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


if __name__ == "__main__" and "--refresh" in sys.argv:
    for stack in STACKS:
        file_of(stack).write_text(written(listing(declared(stack))))
