"""Inputs of a pipeline job against what the pipeline component declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.services.arm.errors import invalid

FOLDERS = frozenset({"uri_folder", "uri_file", "mltable", "mlflow_model", "custom_model", "triton_model"})
_FORMS = {
    "integer": re.compile(r"[+-]?\d+"),
    "number": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    "boolean": re.compile(r"(?i:true|false)"),
    "string": re.compile(r".*", re.DOTALL),
}


def bound(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """The values of a pipeline's inputs by name: those given, else defaults; optional ones without a value are left out.

    Raises:
        ArmError: 400 UserError naming inputs that are unknown, missing or of the wrong kind.
    """
    if unknown := sorted(set(given) - set(declared)):
        raise invalid(f"The pipeline has no inputs {', '.join(unknown)}; it has {', '.join(declared)}.")
    values = {name: str(kind["default"]) for name, kind in declared.items() if kind.get("default") is not None}
    values |= {name: _value(name, declared[name], item) for name, item in given.items() if item is not None}
    missing = sorted(name for name, kind in declared.items() if name not in values and not kind.get("optional"))
    if missing:
        raise invalid(f"Required inputs of the pipeline are not given: {', '.join(missing)}.")
    return values


def check_type(name: str, kind: Mapping[str, Any], value: str) -> None:
    """Check a value against a declared type.

    Raises:
        ArmError: 400 UserError.
    """
    form = _FORMS.get(kind["type"])
    if form is not None and not form.fullmatch(value):
        raise invalid(f"The input '{name}' is of type {kind['type']}; its value is '{value}'.")
    allowed = kind.get("enum")
    if allowed and value not in map(str, allowed):
        raise invalid(f"The input '{name}' is one of {', '.join(map(str, allowed))}; its value is '{value}'.")


def _value(name: str, kind: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    given = str(item.get("jobInputType", "")).lower().replace("urifolder", "uri_folder")
    folder = kind["type"] in FOLDERS
    if folder != (given in FOLDERS):
        raise invalid(f"The input '{name}' is of type {kind['type']}; given is a {given or 'value without jobInputType'}.")
    value = item.get("uri" if folder else "value")
    if value is None:
        raise invalid(f"The input '{name}' has no {'uri' if folder else 'value'}.")
    check_type(name, kind, str(value))
    return str(value)
