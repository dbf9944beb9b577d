"""Property values as the engine sends them: protobuf structs in which unknowns and secrets are marked by fixed strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf import json_format, struct_pb2

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that is known only after deployment (pulumi/sdk, `UnknownStringValue`)."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - the protocol's mark of a secret, not a secret

type Properties = dict[str, Any]


def read(struct: struct_pb2.Struct) -> Properties:
    """The struct as plain JSON values: whole numbers as int, secrets unwrapped, unknowns as `UNKNOWN`."""
    return _plain(json_format.MessageToDict(struct))


def write(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """JSON values as a struct."""
    struct = struct_pb2.Struct()
    json_format.ParseDict(dict(properties), struct)
    return struct


def secret_names(struct: struct_pb2.Struct) -> frozenset[str]:
    """Top-level properties that are a secret or hold one; they go back to the engine marked whole."""
    return frozenset(name for name, value in json_format.MessageToDict(struct).items() if _holds_secret(value))


def marked(properties: Mapping[str, Any], secrets: frozenset[str]) -> Properties:
    """The properties with those of `secrets` marked for the engine."""
    return {
        name: {_SIGNATURE: _SECRET, "value": value} if name in secrets and value != UNKNOWN else value
        for name, value in properties.items()
    }


def holds_unknown(value: Any) -> bool:
    """Whether a value is unknown or holds an unknown at any depth."""
    if isinstance(value, Mapping):
        return any(map(holds_unknown, value.values()))
    if isinstance(value, list):
        return any(map(holds_unknown, value))
    return value == UNKNOWN


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _plain(value["value"])
        return {name: _plain(item) for name, item in value.items() if name != "__defaults"}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get(_SIGNATURE) == _SECRET or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
