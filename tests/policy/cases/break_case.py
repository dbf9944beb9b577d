"""The form of the tables: what breaks a rule, what satisfies it in another way, and what its absence means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Break:
    """Changes of good inputs (path to value; None takes away) that break a rule, and the other rules that they break."""

    changes: Mapping[str, Any]
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cases:
    """Bad and good values of one rule.

    `passes` are changes of good inputs that still satisfy it. `absent` says whether the properties that it reads may be
    missing: `fails`, or `passes`, or by path where they differ. `later` names paths whose unknown value is no matter: it is
    left to the update in silence, or something else satisfies the rule.
    """

    breaks: tuple[Break, ...]
    passes: tuple[Mapping[str, Any], ...] = ()
    absent: str | Mapping[str, str] = "fails"
    later: tuple[str, ...] = ()


def bad(path: str, *values: Any, also: tuple[str, ...] = ()) -> tuple[Break, ...]:
    """Return a break for each value of one property."""
    return tuple(Break({path: value}, frozenset(also)) for value in values)


def both(changes: Mapping[str, Any], *also: str) -> tuple[Break, ...]:
    """Return one break that takes several changes."""
    return (Break(changes, frozenset(also)),)


def switch(path: str, *, wanted: bool, also: tuple[str, ...] = ()) -> Cases:
    """Return the cases of a switch that must be stated."""
    return Cases(bad(path, not wanted, str(wanted).lower(), int(wanted), {}, also=also))


def off(path: str, *paths: str) -> Cases:
    """Return the cases of switches that must not be on."""
    every = (path, *paths)
    return Cases(
        tuple(one for name in every for one in bad(name, True, "false", 1)),
        passes=tuple({name: False} for name in every),
        absent="passes",
    )
