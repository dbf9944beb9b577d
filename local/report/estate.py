"""What the infrastructure programs declared, by component, from the engine's own state; and how stacks differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cost.estimate import Resource
from cost.record import record
from cost.stack_file import priced
from cost.stacks import CLOUDS
from local.report.content import Component, Declared

STACK, PROVIDER = "pulumi:pulumi:Stack", "pulumi:providers:"
STACKS = ("dev", "prod")

type Resources = Mapping[str, Mapping[str, Any]]


def components(state: Path, stack: str) -> tuple[Component, ...]:
    """The components of every project of the stack, in the order in which the engine can make them."""
    files = sorted((state / "pulumi" / "backend" / ".pulumi" / "stacks").glob(f"*/{stack}.json"))
    return tuple(component for file in files for component in _project(file))


def costs(state: Path, stack: str) -> dict[str, Any]:
    """What the resources of the engine's state cost a month, platform and release together."""
    files = (state / "pulumi" / "backend" / ".pulumi" / "stacks").glob(f"*/{stack}.json")
    held = [one for file in sorted(files) for one in _resources(file).values() if one["type"].startswith(CLOUDS)]
    return record(
        priced(stack, [Resource(type=one["type"], name=_name(one["urn"]), inputs=one.get("inputs", {})) for one in held])
    )


def settings(project: Path) -> dict[str, dict[str, str]]:
    """Settings whose values differ between the stack files of a Pulumi project, by name and stack; absent ones are empty."""
    files = {stack: yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text("utf-8"))["config"] for stack in STACKS}
    flat = {stack: dict(_flat(config, "")) for stack, config in files.items()}
    names = dict.fromkeys(name for found in flat.values() for name in found)
    told = {name: {stack: found.get(name, "") for stack, found in flat.items()} for name in names}
    return {name: values for name, values in told.items() if len(set(values.values())) > 1}


def _project(file: Path) -> list[Component]:
    resources = _resources(file)
    depths: dict[str, int] = {}
    found: dict[str, list[Declared]] = {}
    for urn, one in resources.items():  # the engine lists a resource after all that it needs
        if not _declared(one):
            continue
        needs = _direct(urn, resources)
        depths[urn] = 1 + max((depths.get(need, 0) for need in needs), default=0)
        found.setdefault(_component(one, resources), []).append(
            Declared(
                id=f"{file.parent.name}/{_component(one, resources)}/{_kind(one)}/{_name(urn)}",
                name=_name(urn),
                kind=_kind(one),
                depth=depths[urn],
                needs=tuple(
                    f"{file.parent.name}/{_component(resources[need], resources)}/{_kind(resources[need])}/{_name(need)}"
                    for need in needs
                ),
            )
        )
    return [
        Component(
            project=file.parent.name, name=name, resources=tuple(sorted(held, key=lambda one: (one.depth, one.kind, one.name)))
        )
        for name, held in sorted(found.items(), key=lambda pair: (min(one.depth for one in pair[1]), pair[0]))
    ]


def _resources(file: Path) -> dict[str, Mapping[str, Any]]:
    """Resources of a checkpoint by URN, each after all that it needs."""
    latest = json.loads(file.read_text())["checkpoint"]["latest"] or {}
    return {one["urn"]: one for one in latest.get("resources") or ()}


def _direct(urn: str, resources: Resources) -> list[str]:
    """What a resource needs, without what these need in their turn: the engine's state lists both."""
    needs = {need for need in resources[urn].get("dependencies") or () if _declared(resources.get(need, {}))}
    further = {other for need in needs for other in resources[need].get("dependencies") or ()}
    return sorted(needs - further)


def _declared(one: Mapping[str, Any]) -> bool:
    return bool(one.get("custom")) and not one["type"].startswith(PROVIDER)


def _component(one: Mapping[str, Any], resources: Resources) -> str:
    """Name of the outermost component that holds a resource; `(program)` for what stands in none."""
    name = "(program)"
    while parent := resources.get(str(one.get("parent"))):
        if parent["type"] == STACK:
            break
        name, one = _name(str(parent["urn"])), parent
    return name


def _kind(one: Mapping[str, Any]) -> str:
    return str(one["type"]).rpartition(":")[2]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _flat(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Nested settings by their dotted names, without the project's own."""
    for name, value in values.items():
        path = f"{prefix}{name.rpartition(':')[2]}"
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.")
        else:
            yield path, ", ".join(map(str, value)) or "none" if isinstance(value, list) else json.dumps(value).strip('"') or '""'
