"""The inputs that a resource which exists was made from, for `refresh` and `import`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.provider import schema
from local.provider.kinds import Kind
from local.provider.wire import Properties
from local.resources import Resource


def inputs_of(kind: Kind, resource: Resource) -> Properties:
    """The resource's properties that are inputs, nested outputs left out and identities as the list they came as."""
    return _inputs(schema.inputs(kind.sdk_type), dict(resource.properties))


def refreshed(olds: Properties, current: Mapping[str, Any]) -> Properties:
    """The inputs as the resource has them now: those that were given, without what Azure filled in beside them."""
    return {name: _refreshed(old, current[name]) for name, old in olds.items() if name in current}


def _refreshed(old: Any, current: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(current, Mapping):
        return refreshed(dict(old), current)
    if isinstance(old, list) and isinstance(current, Mapping):  # identities: a list in, a map out
        return old if set(old) == current.keys() else list(current)
    if isinstance(old, list) and isinstance(current, list) and len(old) == len(current):
        return [_refreshed(*pair) for pair in zip(old, current, strict=True)]
    return current


def _inputs(shape: Any, value: Properties) -> Properties:
    return {name: _value(shape[name], item) for name, item in value.items() if name in shape}


def _value(declared: schema.Property, value: Any) -> Any:
    if declared.holds is list:
        return [_single(declared, item) for item in value]  # a map of identities gives its keys
    if declared.holds is dict and isinstance(value, dict):
        return {name: _single(declared, item) for name, item in value.items()}
    return _single(declared, value)


def _single(declared: schema.Property, value: Any) -> Any:
    if not declared.nested or not isinstance(value, dict):
        return value
    shapes = [schema.properties(option) for option in declared.nested]
    return _inputs(max(shapes, key=lambda shape: len(value.keys() & shape.keys())), value)
