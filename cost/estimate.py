"""The monthly estimate of a stack: every declared resource is priced, free, or listed as not priced."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cost.metered import Metered, When
from cost.meters import FREE, METERS, UNPRICED
from cost.prices import Price, Prices
from cost.usage import Usage

_VERSION = re.compile(r"/v\d{8}\w*(?=:)")
"""azure-native spells the API version into a token when a program asks for one: `storage/v20240101:StorageAccount`."""

NO_METER = "this kind has no meter here yet"
MALFORMED = "an input that its meter reads is missing or malformed"
NO_PRICE = "no public source was found for the price"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A declared resource: type token, the program's name for it, and its inputs as the engine spells them."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Line:
    """What one meter of one resource comes to in a month."""

    resource: str
    type: str
    metered: Metered
    price: Price

    @property
    def usd(self) -> float:
        """USD a month."""
        return self.metered.quantity * self.price.usd


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """A resource, or one meter of it, without a price, and why."""

    resource: str
    type: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """All that a stack declares; `free` counts resources by the reason why they cost nothing by themselves."""

    stack: str
    region: str
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]
    free: Mapping[str, int]
    usage: Usage
    budget: float | None

    def total(self, *when: When) -> float:
        """USD a month of what falls due then; of all when nothing is named."""
        return sum(line.usd for line in self.lines if not when or line.metered.when in when)

    @property
    def per_training(self) -> float | None:
        """USD of one training run; None when none is assumed."""
        runs = self.usage.training.runs
        return self.total(When.TRAINING) / runs if runs else None


def estimate(stack: str, region: str, resources: Iterable[Resource], usage: Usage, table: Prices) -> Estimate:
    """Price the resources of a stack at the list prices of its region, else of the region that a price is known for."""
    priced: list[Line | Unpriced] = []
    free: Counter[str] = Counter()
    budget: float | None = None
    for resource in resources:
        token = _VERSION.sub("", resource.type)
        if token in FREE:
            free[FREE[token]] += 1
            budget = float(resource.inputs["amount"]) if token.endswith(":Budget") else budget
        else:
            priced += _priced(resource, token, region, usage, table)
    lines = [found for found in priced if isinstance(found, Line)]
    return Estimate(
        stack=stack,
        region=region,
        lines=tuple(sorted(lines, key=lambda line: (-line.usd, line.resource, line.metered.meter))),
        unpriced=tuple(found for found in priced if isinstance(found, Unpriced)),
        free=free,
        usage=usage,
        budget=budget,
    )


def _priced(resource: Resource, token: str, region: str, usage: Usage, table: Prices) -> Iterator[Line | Unpriced]:
    meter = METERS.get(token)
    if meter is None:
        yield Unpriced(resource=resource.name, type=token, why=UNPRICED.get(token, NO_METER))
        return
    try:
        counted = [*meter(resource.inputs, usage)]
    except (AttributeError, KeyError, TypeError, ValueError):
        yield Unpriced(resource=resource.name, type=token, why=MALFORMED)
        return
    for metered in counted:
        if metered.quantity <= 0:
            continue
        price = table.find(metered.meter, region)
        if price is None:
            yield Unpriced(resource=resource.name, type=token, why=f"{metered.meter}: {NO_PRICE}")
        else:
            yield Line(resource=resource.name, type=token, metered=metered, price=price)
