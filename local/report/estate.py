"""What the infrastructure programs declared, by component, from the engine's own state; and what exists, by service."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.report.content import Component
from local.services.cloud import Cloud

STACK, PROVIDER = "pulumi:pulumi:Stack", "pulumi:providers:"


def services(cloud: Cloud) -> dict[str, int]:
    """Number of resources by Azure service, the most first."""
    counts = Counter(_service(resource.type) for resource in cloud.resources.all())
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def components(state: Path, stack: str) -> tuple[Component, ...]:
    """The components of every project of the stack, in the order of their names."""
    files = sorted((state / "pulumi" / "backend" / ".pulumi" / "stacks").glob(f"*/{stack}.json"))
    return tuple(component for file in files for component in _project(file))


def _project(file: Path) -> list[Component]:
    latest = json.loads(file.read_text())["checkpoint"]["latest"] or {}
    resources: dict[str, Mapping[str, Any]] = {one["urn"]: one for one in latest.get("resources") or ()}
    found: dict[str, Counter[str]] = {}
    for one in resources.values():
        if one.get("custom") and not one["type"].startswith(PROVIDER):
            found.setdefault(_component(one, resources), Counter())[one["type"].rpartition(":")[2]] += 1
    return [
        Component(project=file.parent.name, name=name, resources=dict(sorted(counts.items())))
        for name, counts in sorted(found.items())
    ]


def _component(one: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Name of the outermost component that holds a resource; `(program)` for what stands in none."""
    name = "(program)"
    while parent := resources.get(str(one.get("parent"))):
        if parent["type"] == STACK:
            break
        name, one = str(parent["urn"]).rpartition("::")[2], parent
    return name


def _service(arm_type: str) -> str:
    """`Microsoft.EventHub/namespaces/eventhubs` is of service EventHub."""
    return arm_type.partition("/")[0].removeprefix("Microsoft.")
