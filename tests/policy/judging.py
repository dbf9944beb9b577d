"""Spoils declared resources, and hands single ones to a rule."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi_policy import ResourceValidationArgs

from deployment.declared.model import Declared
from deployment.judged.judging import as_engine, options


def spoiled(row: Declared, changes: Mapping[str, Any]) -> Declared:
    """Return a declaration with some properties replaced (dotted paths, `[0]` for list items); None takes one away."""
    inputs = copy.deepcopy(row.inputs)
    for path, value in changes.items():
        set_at(inputs, path, value)
    return replace(row, inputs=inputs)


def set_at(properties: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path, making what should hold it; None takes it away; an empty path replaces everything."""
    if not path:
        properties.clear()
        properties.update(value or {})
        return
    node: Any = properties
    steps = [step for name in path.split(".") for step in _steps(name)]
    for step, following in itertools.pairwise(steps):
        if isinstance(step, str) and not isinstance(node.get(step), (dict, list)):
            node[step] = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            node += [{} for _ in range(step + 1 - len(node))]
        node = node[step]
    last = steps[-1]
    if value is None:
        node.pop(last, None) if isinstance(node, dict) else node.clear()
    elif isinstance(last, int):
        node[last : last + 1] = [value]
    else:
        node[last] = value


def _steps(name: str) -> list[str | int]:
    first, *rest = name.replace("]", "").split("[")
    return [first, *map(int, rest)]


def arguments(token: str, properties: Mapping[str, Any], urn: str = "", config: Mapping[str, Any] | None = None) -> Any:
    """Return what the engine passes to a rule for one resource."""
    urn = urn or f"urn:pulumi:dev::p::{token}::it"
    return ResourceValidationArgs(token, as_engine(properties), urn, "it", options(), None, config)
