"""The components of a stack drawn from its graph, in Mermaid, which GitHub and Azure DevOps show as a picture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

EVERYWHERE = frozenset({"grants", "diagnostics", "alarms", "private-endpoints"})
"""Components that touch nearly all others, whose arrows would hide the rest."""


def drawing(graph: Path) -> str:
    """Components with the number of their resources, and an arrow to each other one that they take something from."""
    rows = json.loads(graph.read_text())
    sizes: dict[str, int] = {}
    arrows: set[tuple[str, str]] = set()
    for row in rows:
        component = row["name"] if row["type"].startswith("mlops-forecasting:") else row["parent"]
        if component != "stack":
            sizes[component] = sizes.get(component, 0) + int(row["type"].startswith("azure-native:"))
            arrows |= {(component, needed) for needed in row["needs"]}
    return _mermaid(sizes, arrows)


def _mermaid(sizes: Mapping[str, int], arrows: set[tuple[str, str]]) -> str:
    shown = [f'  {_id(name)}["{name} ({size})"]' for name, size in sorted(sizes.items()) if size]
    drawn = [f"  {_id(start)} --> {_id(end)}" for start, end in sorted(arrows) if not {start, end} & EVERYWHERE]
    return "\n".join(["```mermaid", "flowchart LR", *shown, *drawn, "```"])


def _id(name: str) -> str:
    return name.replace("-", "_")
