"""The few tests of a property that most rules are made of; absent fails unless the name says otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from .properties import is_list
from .rule import Check


def equal(path: str, wanted: bool | str) -> Check:  # noqa: FBT001 - the value demanded of the property
    """Demand exactly this value, stated, since Azure's own default can differ by API version."""

    def holds(value: object) -> bool:
        return type(value) is type(wanted) and value == wanted

    shown = str(wanted).lower() if isinstance(wanted, bool) else wanted
    return Check(path, holds, f"{path} = {shown}, stated explicitly")


def unset_or_false(path: str) -> Check:
    """Demand that a switch is off; Azure's default is off, too."""
    return Check(path, lambda value: value is None or value is False, f"{path} = false or not set")


def one_of(path: str, *wanted: str) -> Check:
    """Demand one of these texts."""
    return Check(path, lambda value: isinstance(value, str) and value in wanted, f"{path} = {' or '.join(wanted)}")


def none_of(path: str, *refused: str) -> Check:
    """Demand a text that is not one of these, whatever their case."""
    low = {text.casefold() for text in refused}

    def holds(value: object) -> bool:
        return isinstance(value, str) and bool(value.strip()) and value.casefold() not in low

    return Check(path, holds, f"{path} other than {' or '.join(refused)}")


def matching(path: str, pattern: str, words: str) -> Check:
    """Demand a text of this form."""
    form = re.compile(pattern)
    return Check(path, lambda value: isinstance(value, str) and bool(form.fullmatch(value)), f"{path} = {words}")


def between(path: str, low: float, high: float | None = None) -> Check:
    """Demand a number in these bounds; the engine hands every number over as a float."""

    def holds(value: object) -> bool:
        return (
            isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= (value if high is None else high)
        )

    if low == high:
        bounds = f"{low:g}"
    elif high is None:
        bounds = f"{low:g} or more"
    else:
        bounds = f"{low:g} to {high:g}"
    return Check(path, holds, f"{path} = {bounds}, stated explicitly")


def absent(path: str, instead: str) -> Check:
    """Demand that the property is not set; `instead` names the one to use."""
    return Check(path, lambda value: value is None, f"{path} not set; use {instead}")


def empty(path: str) -> Check:
    """Demand that a list holds nothing, or is not set."""
    return Check(path, lambda value: value is None or (is_list(value) and len(value) == 0), f"{path} empty or not set")


def an_object(path: str) -> Check:
    """Demand that the property is an object, without looking at what it holds."""
    return Check(path, lambda value: isinstance(value, Mapping), f"{path} present")


def filled(path: str) -> Check:
    """Demand that the property holds something; what a preview can't know yet is there, and the update judges it."""

    def holds(value: object) -> bool:
        return bool(value.strip()) if isinstance(value, str) else value is not None and value is not False and _holds_some(value)

    return Check(path, holds, f"{path} set", later=True)


def _holds_some(value: object) -> bool:
    return bool(len(value)) if isinstance(value, Mapping) or is_list(value) else True


def forbidden(instead: str) -> Check:
    """Demand that there is no resource of the kind."""
    return Check("", lambda _: False, f"no resource of this kind; use {instead}")


def each(path: str, holds: Callable[[object], bool], words: str, *reads: str) -> Check:
    """Demand something of an object, or of each object of a list, that takes more than one of its properties."""
    return Check(path, holds, words, reads=reads)


def either(*checks: Check) -> Check:
    """Demand one of these; the message speaks of the first."""
    first, *others = checks
    return replace(first, otherwise=either(*others)) if others else first


def on(kind: str, check: Check) -> Check:
    """Narrow a check to one of its rule's kinds."""
    return replace(check, on=(kind,))
