"""How a job's published settings differ from the definition, past what the service fills in by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

FILLED_IN: dict[str, tuple[object, ...]] = {
    "format": ("MULTI_TASK",),
    "run_if": ("ALL_SUCCESS",),
    "edit_mode": ("EDITABLE",),
    "enable_elastic_disk": (True,),
    "retry_on_timeout": (False,),
    "azure_attributes": ({"availability": "ON_DEMAND_AZURE", "first_on_demand": 1, "spot_bid_max_price": -1.0},),
}
"""Values that the service writes into settings which leave them out, beside empty ones."""

type Leaf = str | int | float | bool | None


def differences(published: dict[str, Any], defined: dict[str, Any]) -> list[str]:
    """One line for each setting that is not the same: its path, what is published, what is defined."""
    old, new = dict(_leaves(published)), dict(_leaves(defined))
    return [f"{path}: {old.get(path)!r} -> {new.get(path)!r}" for path in sorted(old | new) if old.get(path) != new.get(path)]


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner not in FILLED_IN.get(name, ()):
                yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{_key(inner, index)}]")
    elif value not in (None, "", 0):
        yield path, value


def _key(entry: Any, index: int) -> object:
    """Tasks, clusters and parameters are known by name, so that their order does not matter."""
    names = ("task_key", "job_cluster_key", "name") if isinstance(entry, dict) else ()
    return next((entry[name] for name in names if name in entry), index)
