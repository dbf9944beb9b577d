"""The few tests of a property that most rules are made of."""

from __future__ import annotations

from collections.abc import Mapping

from .rule import Check


def equal(path: str, wanted: bool | str) -> Check:  # noqa: FBT001 - the value demanded of the property
    """Demand exactly this value; absent fails, since Azure's own default can differ by API version."""

    def holds(value: object) -> bool:
        return type(value) is type(wanted) and value == wanted

    shown = str(wanted).lower() if isinstance(wanted, bool) else wanted
    return Check(path, holds, f"{path} = {shown}, stated explicitly")


def absent(path: str, instead: str) -> Check:
    """Demand that the property is not set; `instead` names the one to use."""
    return Check(path, lambda value: value is None, f"{path} not set; use {instead}")


def an_object(path: str) -> Check:
    """Demand that the property is an object, without looking at what it holds."""
    return Check(path, lambda value: isinstance(value, Mapping), f"{path} present")
