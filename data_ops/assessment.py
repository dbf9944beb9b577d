"""What arrived, judged as a whole: which rows count, whether the newest file does, and what shape the rest has.

The job that makes silver and the first look before it come to their verdicts here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table
from numpy.typing import NDArray

from contracts.errors import FourPartError
from data_ops import calendar_table, checks, frequency, panel
from data_ops.engine import load
from data_ops.schema import BATCH_ID, DATE, ITEM, SALES, SOURCE_FILE, STORE, Y


class BatchRefusedError(FourPartError):
    """The file that arrived last has too many bad rows."""


class Assessed(NamedTuple):
    """Rows with their reasons, and why the batch that arrived last is refused, when it is."""

    judged: Table
    refusal: FourPartError | None


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the kept rows say about themselves."""

    extent: panel.Extent
    frequency: frequency.Frequency
    season: int


class Shaped(NamedTuple):
    """Kept rows on the grid, the calendar, rows off the grid, and the shape."""

    kept: Table
    calendar: Table
    strays: Table
    shape: Shape


def assess(backend: Backend, bronze: Table) -> Assessed:
    """Judge every row; the newest batch is refused for too many bad rows, or for another frequency than the panel's."""
    judged = backend.create_table("judged", checks.judge(bronze))
    batches = sorted(fetch(checks.batches(judged)), key=lambda batch: (batch["arrived"], batch[BATCH_ID]))
    if batches and batches[-1]["bad"] > batches[-1]["rows"] * checks.BAD_SHARE:
        return Assessed(judged, _refused(judged, batches[-1]))
    others = _other_frequency(judged, [batch[BATCH_ID] for batch in batches])
    if not others:
        return Assessed(judged, None)
    judged = backend.create_table("judged_again", checks.judge(bronze, others))
    return Assessed(judged, others.get(batches[-1][BATCH_ID]))


def shaped(backend: Backend, judged: Table) -> Shaped:
    """Lay the rows that count on the grid of their frequency.

    Raises:
        FourPartError: for no good rows, mixed or unknown frequency, colliding series names, or too long a calendar.
    """
    kept = backend.create_table("kept", panel.kept(judged))
    extent = panel.extent(kept)
    found = frequency.infer(_steps(kept))
    start = panel.grid_start(kept, found)
    calendar = load(backend, "calendar", calendar_table.build(found, start, extent.last).to_reader())
    good, off = panel.split_grid(kept, calendar)
    strays = backend.create_table("strays", off)
    panel.require_grid(count(strays), extent.rows, found)
    on_grid = backend.create_table("on_grid", good)
    shape = Shape(extent=panel.extent(on_grid), frequency=found, season=frequency.season(found, _means(on_grid)))
    return Shaped(on_grid, calendar, strays, shape)


def count(made: Table) -> int:
    """Rows of an expression."""
    return int(made.count().to_pyarrow().as_py())


def fetch(made: Table) -> list[dict[str, Any]]:
    """The rows of a small expression."""
    found: list[dict[str, Any]] = made.to_pyarrow().to_pylist()
    return found


def _other_frequency(judged: Table, batches: Sequence[str]) -> dict[str, frequency.FrequencyMixedError]:
    """Batches that mix frequencies, or have another than the first batch that shows one; none while the whole has one."""
    found = _steps(judged.filter(judged["reason"].isnull())) if len(batches) > 1 else []
    try:
        if found:
            frequency.infer(found)
    except frequency.FrequencyMixedError as mixed:
        # A file's own frequency shows in the rows that a later file replaced, too.
        return _others(judged.filter(judged["reason"].isnull() | (judged["reason"] == checks.REPLACED)), batches, mixed)
    return {}


def _others(
    good: Table, batches: Sequence[str], mixed: frequency.FrequencyMixedError
) -> dict[str, frequency.FrequencyMixedError]:
    others: dict[str, frequency.FrequencyMixedError] = {}
    first: frequency.Frequency | None = None
    for batch in batches:
        try:
            found = frequency.infer(_steps(good.filter(good[BATCH_ID] == batch)))
        except frequency.FrequencyUnknownError:
            continue
        except frequency.FrequencyMixedError as error:
            others[batch] = error
            continue
        first = first or found
        if found != first:
            others[batch] = mixed
    return others


def _steps(kept: Table) -> list[frequency.Steps]:
    return [frequency.Steps(**row) for row in fetch(frequency.steps(kept))]


def _refused(judged: Table, batch: Mapping[str, Any]) -> BatchRefusedError:
    inside = judged.filter(judged[BATCH_ID] == batch[BATCH_ID])
    reasons = fetch(inside.group_by("reason").agg(n=inside.count(), file=inside[SOURCE_FILE].max()))
    told = ", ".join(f"{row['n']} {row['reason']}" for row in reasons if row["reason"] not in {None, *checks.SEVERITY})
    return BatchRefusedError(
        "The file has too many bad rows; silver stays as it was.",
        given=f"{reasons[0]['file']}: {batch['bad']} of {batch['rows']} rows ({told})",
        allowed=f"at most {checks.BAD_SHARE:.0%} of a file's rows bad; {STORE}, {ITEM} filled, {DATE} ISO 8601, {SALES} a number >= 0",
        remedy="Put the file right and ingest it again; rows of a file that had arrived are in silver/quarantine, each with its reason.",
    )


def _means(kept: Table) -> NDArray[np.float64]:
    """Mean of log(1 + y) over the series by period, shape (periods,); logs keep large series from drowning the others."""
    by_period = kept.group_by("ds").agg(mean=(kept[Y] + 1).ln().mean()).order_by("ds")
    return np.array([row["mean"] for row in fetch(by_period)], dtype=np.float64)
