"""All cases in one form: rule, kind, what is changed, what is expected."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policy.rules import RULES
from policy.rules.cluster import CLUSTER
from policy.rules.network import ENTRY, GROUP, NETWORK, SUBNET
from policy.rules.node_pools import POOL
from policy.rules.pods import TEMPLATES
from policy.rules.telemetry import METRIC, QUERY
from tests.policy.cases import around, compute, conventions, data, running
from tests.policy.cases.break_case import Break, Cases, bad
from tests.policy.judging import set_at

BY_ID = {rule.id: rule for rule in RULES}
_EXPLICIT = {**data.GOOD, **compute.GOOD, **around.GOOD, **running.GOOD}
_REFUSED = set(data.FORBIDDEN.values())
GOOD: dict[str, dict[str, Any]] = {
    kind: json.loads(json.dumps(around.dressed(kind, _EXPLICIT.get(kind, {}))))
    for kind in sorted({kind for rule in RULES for kind in rule.kinds} - _REFUSED)
}
"""Inputs that satisfy every rule, by kind; what Azure fills in is unknown, as it is in a first preview."""


@dataclass(frozen=True)
class Asked:
    """One rule asked of one kind: its cases, and the path below which they lie (`agentPoolProfiles[0]` or nothing)."""

    rule: str
    kind: str
    cases: Cases
    below: str = ""

    def at(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Changes of the whole resource."""
        return {f"{self.below}.{path}".strip("."): value for path, value in changes.items()}

    def relative(self, path: str) -> str:
        """The path of a check as the cases name it."""
        return path.replace("[?]", "[]").removeprefix(self.below.replace("[0]", "[]")).lstrip(".")


def _plain() -> Iterator[Asked]:
    for rule, cases in {**data.CASES, **compute.CASES, **around.CASES, **running.CASES}.items():
        if rule not in data.FORBIDDEN:
            yield from (Asked(rule, kind, cases) for kind in BY_ID[rule].kinds)
    resolve = Cases(bad("autoMitigate", False), passes=({"autoMitigate": True},), absent="passes")
    yield from (Asked("alert-auto-resolve", kind, resolve) for kind in (METRIC, QUERY))
    for kind, (_, breaks) in around.ALERT_CASES.items():
        yield Asked("alert-action", kind, Cases(breaks))


def _placed() -> Iterator[Asked]:
    """Cases that hold of a part of one kind and of a kind of its own."""
    for rule, cases in compute.POOL_CASES.items():
        yield Asked(rule, CLUSTER, cases, "agentPoolProfiles[0]")
        yield Asked(rule, POOL, cases)
    for rule, cases in around.ENTRY_CASES.items():
        yield Asked(rule, GROUP, cases, "securityRules[0]")
        yield Asked(rule, ENTRY, cases)
    for rule, cases in around.SUBNET_CASES.items():
        yield Asked(rule, NETWORK, cases, "subnets[0]")
        yield Asked(rule, SUBNET, cases)
    for rule, cases in running.POD_CASES.items():
        yield from (Asked(rule, kind, cases, f"{path}.spec".lstrip(".")) for kind, path in TEMPLATES.items())


def _conventions() -> Iterator[Asked]:
    yield from (Asked("tags-required", kind, conventions.TAG_CASES) for kind in conventions.TAGGED)
    yield from (Asked("one-region", kind, conventions.REGION_CASES) for kind in conventions.LOCATED)
    yield from (Asked("naming", kind, cases) for kind, cases in conventions.name_cases().items())
    yield from (Asked("cost-caps", kind, cases) for kind, cases in conventions.CAP_CASES.items())


ASKED: tuple[Asked, ...] = (*_plain(), *_placed(), *_conventions())
BREAKS: list[tuple[Asked, Break]] = [(asked, one) for asked in ASKED for one in asked.cases.breaks]
PASSES: list[tuple[Asked, Mapping[str, Any]]] = [(asked, one) for asked in ASKED for one in asked.cases.passes]


def changed(kind: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the good inputs of a kind with some properties replaced; None takes one away."""
    properties = copy.deepcopy(GOOD[kind])
    for path, value in changes.items():
        set_at(properties, path, value)
    return properties


def concrete(path: str) -> str:
    """The path of a check with the first item of each list."""
    return path.replace("[?]", "[0]").replace("[]", "[0]")


def ids(cases: list[tuple[Asked, Any]]) -> list[str]:
    """The ids of test cases: rule, kind and a number."""
    names = [f"{asked.rule}-{asked.kind.rpartition(':')[2]}-{asked.kind.split(':')[1].partition('/')[0]}" for asked, _ in cases]
    return [f"{name}-{names[:place].count(name)}" for place, name in enumerate(names)]
