"""The estimate as people read it: one stack line by line, or stacks side by side by meter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cost.estimate import Estimate, Line
from cost.metered import When
from cost.prices import Prices

HEADINGS = {
    When.IDLE: "while nothing happens",
    When.TRAINING: "training runs",
    When.USE: "other use",
}
AMOUNT = 10


def of_one(found: Estimate, table: Prices) -> str:
    """All lines of one stack, by when they fall due, with what has no price and where prices come from."""
    return "\n".join([*_lines(found), "", *_totals(found), "", *_not_priced(found), *_sources(found, table)]) + "\n"


def side_by_side(found: Sequence[Estimate]) -> str:
    """One row a meter, one column a stack; then the totals."""
    meters = sorted({line.metered.meter for one in found for line in one.lines})
    amounts = [{meter: sum(line.usd for line in one.lines if line.metered.meter == meter) for meter in meters} for one in found]
    ordered = sorted(meters, key=lambda meter: -max(column[meter] for column in amounts))
    rows = [
        ("USD a month", *(one.stack for one in found)),
        *((meter, *(_money(column[meter]) for column in amounts)) for meter in ordered),
    ]
    rows += [(heading, *(_money(one.total(when)) for one in found)) for when, heading in HEADINGS.items()]
    rows += [("all", *(_money(one.total()) for one in found)), ("budget", *(_money(one.budget) for one in found))]
    rows += [("one training run", *(_money(one.per_training) for one in found))]
    rows += [("not priced", *(str(len(one.unpriced)) for one in found))]
    return "".join(f"{row[0]:<34}" + "".join(f"{cell:>{AMOUNT}}" for cell in row[1:]) + "\n" for row in rows)


def _lines(found: Estimate) -> Iterator[str]:
    yield f"stack {found.stack}, {found.region}: USD a month of 730 hours, list prices without tax"
    widths = [max(map(len, column)) for column in zip(*(_cells(line, found.region) for line in found.lines), strict=True)]
    for when, heading in HEADINGS.items():
        lines = [line for line in found.lines if line.metered.when is when]
        if not lines:
            continue
        yield f"\n{heading:<{sum(widths) + 2 * len(widths)}}{_money(found.total(when)):>{AMOUNT}}"
        for line in lines:
            cells = zip(_cells(line, found.region), widths, strict=True)
            yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in cells) + f"{_money(line.usd):>{AMOUNT}}"


def _cells(line: Line, region: str) -> tuple[str, str, str, str]:
    of = "" if line.price.region == region else f" ({line.price.region})"
    return line.resource, f"{line.metered.meter}{of}", f"{line.metered.quantity:,.6g}", line.price.unit


def _totals(found: Estimate) -> Iterator[str]:
    yield f"all          {_money(found.total())}"
    yield f"idle         {_money(found.total(When.IDLE))}"
    if found.per_training is not None:
        yield f"a training   {_money(found.per_training)}"
    if found.budget is not None:
        yield f"budget       {_money(found.budget)}, of which the estimate is {found.total() / found.budget:.0%}"


def _not_priced(found: Estimate) -> Iterator[str]:
    if found.unpriced:
        yield "not priced"
        yield from (f"  {item.resource:<26} {item.type.rpartition(':')[2]}: {item.why}" for item in found.unpriced)
    yield f"free by itself: {sum(found.free.values())} resources"


def _sources(found: Estimate, table: Prices) -> Iterator[str]:
    for name in sorted({line.price.source for line in found.lines}):
        days = sorted({line.price.as_of for line in found.lines if line.price.source == name})
        span = f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]}"
        yield f"prices: {table.sources[name]} ({span})"


def _money(usd: float | None) -> str:
    return "-" if usd is None else f"{usd:,.2f}"
