"""What the report shows: plain data, gathered by `gather`, drawn by `page`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.link import Link

type Values = tuple[float | None, ...]

POLICIES = "policies.json"
"""What the policies said when the platform was last looked at, in a stack's state directory."""


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One event on the bus, `seconds` after the commit of the data; `cause` is the id of the event that led to it, if known.

    `body` is the event as it was read from the bus.
    """

    id: str
    lane: str
    seconds: float
    name: str
    detail: str
    cause: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Span:
    """One piece of work, from `start` to `end` in seconds after the commit; `cause` as of a dot."""

    lane: str
    name: str
    start: float
    end: float
    state: str
    cause: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One series: `dates` of all drawn periods, and beside each what was sold and forecast, None where unknown.

    The first `known` periods have passed. `error` is WAPE over the judged ones, `volume` the mean of the sales drawn.
    """

    why: str
    name: str
    store: str
    item: str
    error: float | None
    volume: float
    dates: tuple[str, ...]
    known: int
    actual: Values
    point: Values
    lower: Values
    upper: Values


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource of a program; `needs` are ids of others, `depth` is 1 and more for steps from what needs nothing."""

    id: str
    name: str
    kind: str
    depth: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Component:
    """One component of an infrastructure program, and its resources."""

    project: str
    name: str
    resources: tuple[Declared, ...]


@dataclass(frozen=True, kw_only=True)
class Content:
    """The whole report; `run` is the content of run.json, `made` when it was gathered, `whose` the forecasts of `series` are.

    `silver` is what the preparation told of itself, `breakdown` where the judged errors lie, `settings` what differs between
    stacks, `policies` what the preview found, `cost` the monthly estimate (cost/record.py), `lock` the SHA-256 of the locked dependencies.
    """

    run: Mapping[str, Any]
    made: str
    dots: tuple[Dot, ...] = ()
    spans: tuple[Span, ...] = ()
    records: int = 0
    whose: str = ""
    series: tuple[Series, ...] = ()
    by_horizon: Mapping[str, Values] = field(default_factory=dict)
    lineage: tuple[Link, ...] = ()
    components: tuple[Component, ...] = ()
    commit: str = ""
    lock: str = ""
    silver: Mapping[str, Any] = field(default_factory=dict)
    breakdown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    policies: Mapping[str, Any] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)

    @property
    def example(self) -> tuple[str, str] | None:
        """Store and item of the first series that has forecasts."""
        return next(((one.store, one.item) for one in self.series), None)
