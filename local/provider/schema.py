"""Property names, requirements and enums of a resource, read from the classes of the installed SDKs."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

import pulumi
from pulumi import _types as sdk_types

from local.provider.packages import PACKAGES


@dataclass(frozen=True, kw_only=True)
class Property:
    """One input property: whether it must be given, its allowed values (none: free), and the shape of what it holds."""

    name: str
    required: bool
    allowed: tuple[str, ...]
    nested: tuple[type, ...]
    holds: type | None


@cache
def inputs(token: str) -> Mapping[str, Property]:
    """Input properties of a resource type `PACKAGE:MODULE:NAME`, by engine name."""
    return properties(_class(token, "InitArgs") or _required_class(token, "Args"))


@cache
def properties(arguments: type) -> Mapping[str, Property]:
    """Input properties of an `*Args` class, by engine name."""
    hints = sdk_types.input_type_types(arguments)
    names = sdk_types.input_type_py_to_pulumi_names(arguments)
    signature = inspect.signature(arguments).parameters
    required = {names[name] for name, item in signature.items() if name in names and item.default is inspect.Parameter.empty}
    return {name: _property(name, hint, required=name in required) for name, hint in hints.items()}


@cache
def outputs(token: str) -> Mapping[str, type]:
    """Output properties of a resource type, by engine name."""
    return sdk_types.resource_types(_required_class(token, ""))


@cache
def nested_outputs(response: type) -> Mapping[str, type]:
    """Properties of a nested `*Response` class, by engine name."""
    return sdk_types.output_type_types(response)


def response_class(hint: Any) -> type | None:
    """The `*Response` class that an output annotation names, if it names one."""
    return next((item for item in flat(hint) if isinstance(item, type) and sdk_types.is_output_type(item)), None)


def holds_map(hint: Any) -> bool:
    """Whether an annotation is a map from names to values."""
    return _container(hint) is dict


@cache
def api_version(token: str) -> str:
    """The REST API version that the SDK's class is made for, from its docstring."""
    constructor: Any = getattr(_required_class(token, ""), "__init__")  # noqa: B009 - the class is known only at run time
    texts = [inspect.getdoc(item) or "" for item in typing.get_overloads(constructor)]
    found = re.search(r"REST API version (\d{4}-\d{2}-\d{2}[\w-]*)", " ".join(texts))
    return found[1] if found else ""


def flat(hint: Any) -> list[Any]:
    """All alternatives of an annotation, without optional, awaitable and output wrappers, lists and maps opened."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin is pulumi.Output or (inspect.isclass(origin) and issubclass(origin, typing.Awaitable)):
        return []
    if origin in (typing.Union, types.UnionType):
        return [item for part in parts for item in flat(part)]
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return flat(parts[1])
    if inspect.isclass(origin) and issubclass(origin, typing.Sequence):
        return flat(parts[0])
    return [] if hint is type(None) else [hint]


def _property(name: str, hint: Any, *, required: bool) -> Property:
    alternatives = [item for item in flat(hint) if isinstance(item, type)]
    enums = [item for item in alternatives if issubclass(item, Enum)]
    nested = tuple(item for item in alternatives if sdk_types.is_input_type(item))
    literals = [value for item in flat(hint) if typing.get_origin(item) is typing.Literal for value in typing.get_args(item)]
    allowed = (*(str(member.value) for item in enums for member in item), *literals)
    return Property(name=name, required=required, allowed=allowed, nested=nested, holds=_container(hint))


def _container(hint: Any) -> type | None:
    """`list` or `dict` when the annotation is a sequence or a map, whatever it wraps."""
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return next((found for part in parts if (found := _container(part)) is not None), None)
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return dict
    return list if inspect.isclass(origin) and issubclass(origin, typing.Sequence) else None


def _required_class(token: str, suffix: str) -> type:
    found = _class(token, suffix)
    if found is None:
        msg = f"The installed SDK has no class for {token}{suffix}."
        raise LookupError(msg)
    return found


def _class(token: str, suffix: str) -> type | None:
    package, module, name = token.split(":")
    if ".x-k8s.io/" in module:  # of a definition that the cluster is given, for which the SDK has one class
        module, name = "apiextensions", "CustomResource"
    path = module.replace(".k8s.io", "").replace("/", ".")  # networking.k8s.io/v1 is networking.v1
    place = PACKAGES[package] if path.startswith("index.") else f"{PACKAGES[package]}.{path}"
    return getattr(import_module(place), name + suffix, None)
