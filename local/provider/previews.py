"""Outputs of a preview: what follows from the inputs is known, what only Azure can say is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.provider import schema
from local.provider.wire import UNKNOWN, Properties


def of_create(token: str, inputs: Mapping[str, Any]) -> Properties:
    """The inputs, with every other output of the resource unknown, nested ones too."""
    return {name: _filled(hint, inputs[name]) if name in inputs else UNKNOWN for name, hint in schema.outputs(token).items()}


def of_update(token: str, olds: Mapping[str, Any], inputs: Mapping[str, Any], changed: frozenset[str]) -> Properties:
    """The outputs as they are, with the changed inputs laid over; what an update leaves alone stays known."""
    hints = schema.outputs(token)
    laid = {
        name: _filled(hints[name], _over(olds.get(name), inputs[name])) for name in changed if name in inputs and name in hints
    }
    return {**{name: value for name, value in olds.items() if name in inputs or name not in changed}, **laid}


def _over(old: Any, new: Any) -> Any:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **{name: _over(old.get(name), value) for name, value in new.items()}}
    return new


def _filled(hint: Any, value: Any) -> Any:
    response = schema.response_class(hint)
    if response is None or value == UNKNOWN:
        return value
    if isinstance(value, list):
        return [_filled(response, item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if schema.holds_map(hint):
        return {name: _filled(response, item) for name, item in value.items()}
    return {name: _nested(item, value.get(name)) for name, item in schema.nested_outputs(response).items()}


def _nested(hint: Any, value: Any) -> Any:
    if value is None or (isinstance(value, list) and schema.holds_map(hint)):
        return UNKNOWN
    return _filled(hint, value)
