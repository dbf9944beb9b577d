"""What is wrong with a resource's inputs, before anything is made: unknown, missing, misnamed, out of an enum."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.provider import schema
from local.provider.kinds import Kind
from local.provider.kinds.kind import DEFAULT, at
from local.provider.locations import fault_of
from local.provider.wire import UNKNOWN

_INDEX = re.compile(r"\[\d+\]")


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One fault: the dotted path of the property and the reason in Azure's words; never the value of a secret."""

    path: str
    reason: str


def failures(kind: Kind, inputs: Mapping[str, Any], secrets: frozenset[str] = frozenset()) -> list[Failure]:
    """All faults of the inputs; values that are unknown in a preview are taken as good."""
    found = [item for item in _object("", schema.inputs(kind.sdk_type), inputs) if _INDEX.sub("", item.path) not in kind.values]
    found += [failure for path, allowed in kind.values.items() for failure in _listed(path, allowed, at(inputs, path))]
    found += (
        _name(kind, inputs) + _place(kind, inputs) + [Failure(path=path, reason=reason) for path, reason in kind.refusals(inputs)]
    )
    return [_covered(failure) if failure.path.split(".")[0].split("[")[0] in secrets else failure for failure in found]


def _listed(path: str, allowed: tuple[object, ...], given: Any) -> list[Failure]:
    words = ", ".join(map(str, allowed))
    return [
        Failure(path=path, reason=f"'{value}' is not a valid value for '{path}'; allowed: {words}.")
        for value in _flat(given)
        if value not in (None, UNKNOWN, *allowed)
    ]


def _flat(value: Any) -> list[Any]:
    return [inner for item in value for inner in _flat(item)] if isinstance(value, list) else [value]


def _covered(failure: Failure) -> Failure:
    return Failure(path=failure.path, reason="The value is not valid; it is a secret and not shown.")


def _name(kind: Kind, inputs: Mapping[str, Any]) -> list[Failure]:
    own = kind.name_property
    if not own:
        return []
    name = at(inputs, own) or (DEFAULT if kind.with_parent else None)
    if name is None:
        return [Failure(path=own, reason=f"Missing required property '{own}': this machine gives no automatic names.")]
    if name == UNKNOWN or (isinstance(name, str) and re.fullmatch(kind.rule.pattern, name)):
        return []
    reason = f"{kind.rule.code}: '{name}' is not a valid name for {kind.arm_type}; allowed: {kind.rule.words}."
    return [Failure(path=own, reason=reason)]


def _place(kind: Kind, inputs: Mapping[str, Any]) -> list[Failure]:
    given = inputs.get("location") if "location" in schema.inputs(kind.sdk_type) else None
    reason = fault_of(given, kind.arm_type) if isinstance(given, str) and given != UNKNOWN else ""
    return [Failure(path="location", reason=reason)] if reason else []


def _object(path: str, shape: Mapping[str, schema.Property], value: Mapping[str, Any]) -> list[Failure]:
    prefix = f"{path}." if path else ""
    unknown = [
        Failure(path=prefix + name, reason=f"Could not find member '{name}' on this object.")
        for name in value
        if name not in shape
    ]
    missing = [
        Failure(path=prefix + name, reason=f"Missing required property '{name}'.")
        for name, item in shape.items()
        if item.required and value.get(name) is None
    ]
    inner = [
        failure
        for name, item in value.items()
        if name in shape and item is not None
        for failure in _value(prefix + name, shape[name], item)
    ]
    return unknown + missing + inner


def _value(path: str, declared: schema.Property, value: Any) -> list[Failure]:
    if value == UNKNOWN:
        return []
    if declared.holds is list:
        if not isinstance(value, list):
            return [Failure(path=path, reason=f"'{path}' has to be a list.")]
        return [failure for index, item in enumerate(value) for failure in _single(f"{path}[{index}]", declared, item)]
    if declared.holds is dict:
        if not isinstance(value, Mapping):
            return [Failure(path=path, reason=f"'{path}' has to be a map.")]
        return [failure for name, item in value.items() for failure in _single(f"{path}.{name}", declared, item)]
    return _single(path, declared, value)


def _single(path: str, declared: schema.Property, value: Any) -> list[Failure]:
    if value == UNKNOWN:
        return []
    if declared.nested:
        if not isinstance(value, Mapping):
            return [Failure(path=path, reason=f"'{path}' has to be an object.")]
        return min((_object(path, schema.properties(option), value) for option in declared.nested), key=len)
    if declared.allowed and value not in declared.allowed:
        allowed = ", ".join(declared.allowed)
        return [Failure(path=path, reason=f"'{value}' is not a valid value for '{path}'; allowed: {allowed}.")]
    return []
