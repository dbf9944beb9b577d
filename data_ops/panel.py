"""The silver panel: every period of every series, from its first to its last, with gaps named."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
from ibis.expr.types import IntegerValue, StringValue, Table

from contracts.errors import FourPartError
from data_ops.calendar_table import utc
from data_ops.columns import col
from data_ops.frequency import DAY, Frequency, FrequencyMixedError
from data_ops.schema import BATCH_ID, DS, IMPUTED, ITEM, STORE, UNIQUE_ID, Y, covariates

OFF_FREQUENCY = "off_frequency"
OFF_SHARE = 0.01
"""With a larger share of dates off the grid, the panel has no one frequency."""


class NoRowsError(FourPartError):
    """No good row is left."""


class SeriesNamesCollideError(FourPartError):
    """Two pairs of store and item with one `store_item` name."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """How many rows and series there are and from when to when, in UTC."""

    rows: int
    series: int
    first: datetime
    last: datetime


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """How many periods lack a row between their series' first and last, and in how many series."""

    periods: int
    series: int


@ibis.udf.scalar.builtin(name="md5_number_lower", signature=(("string",), "uint64"))
def _md5_lower(text: StringValue) -> IntegerValue:
    """The lower 64 bits of a text's MD5; the engine's own function of this name is called, not this body."""
    raise NotImplementedError(text)


def kept(judged: Table) -> Table:
    """The rows that count: `unique_id, ds, y, store, item`, their batch, and the covariates as they arrived."""
    named = [UNIQUE_ID, DS, Y, STORE, ITEM, BATCH_ID, *covariates(judged.columns)]
    return judged.filter(col(judged, "reason").isnull()).select(*named)


def extent(rows: Table) -> Extent:
    """Rows, series and range.

    Raises:
        NoRowsError: when there are no rows.
        SeriesNamesCollideError: when joining store and item by `_` gives one name to two series.
    """
    row = (
        rows.agg(
            rows=rows.count(),
            series=col(rows, UNIQUE_ID).nunique(),
            first=col(rows, DS).min(),
            last=col(rows, DS).max(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    if not row["rows"]:
        raise NoRowsError(
            "No good row is left to make a panel of.",
            given="0 rows after the checks",
            allowed="at least two periods of one series",
            remedy="Look at the reasons in the table silver/quarantine.",
        )
    _require_distinct(rows, row["series"])
    return Extent(rows=row["rows"], series=row["series"], first=utc(row["first"]), last=utc(row["last"]))


def grid_start(rows: Table, frequency: Frequency) -> datetime:
    """The first date on the grid that most dates lie on, in UTC."""
    phase = _phase(col(rows, DS), frequency)
    counted = rows.group_by(phase.name("phase")).agg(n=rows.count(), first=col(rows, DS).min())
    best = counted.order_by([col(counted, "n").desc(), col(counted, "first")]).limit(1).to_pyarrow().to_pylist()[0]
    start: datetime = best["first"]
    return utc(start)


def split_grid(rows: Table, calendar: Table) -> tuple[Table, Table]:
    """Rows on the calendar's grid, and those off it."""
    return rows.semi_join(calendar, DS), rows.anti_join(calendar, DS)


def require_grid(stray: int, rows: int, frequency: Frequency) -> None:
    """Refuse a panel of which too many dates are off the grid.

    Raises:
        FrequencyMixedError: when more than `OFF_SHARE` of the rows are.
    """
    if stray > rows * OFF_SHARE:
        raise FrequencyMixedError(
            "The panel mixes frequencies.",
            given=f"{stray} of {rows} rows are not on the {frequency.name} grid",
            allowed=f"at most {OFF_SHARE:.0%} of the rows; these are quarantined",
            remedy="Split the file by frequency, or bring all series to one weekday or day of the month, and dates to one offset from UTC.",
        )


def bounds(rows: Table, calendar: Table) -> Table:
    """The first and last period of each series on the grid, and its rows: `unique_id, store, item, low, high, n`."""
    placed = rows.join(calendar.select("period", DS), DS)
    low, high = col(placed, "period").min(), col(placed, "period").max()
    return placed.group_by([UNIQUE_ID, STORE, ITEM]).agg(low=low, high=high, n=placed.count())


def gaps(rows: Table, calendar: Table) -> Gaps:
    """What `densify` would fill."""
    ends = bounds(rows, calendar)
    missing = ends.select(missing=col(ends, "high") - col(ends, "low") + 1 - col(ends, "n"))
    told = missing.agg(periods=col(missing, "missing").sum(), series=(col(missing, "missing") > 0).sum())
    row = told.to_pyarrow().to_pylist()[0]
    return Gaps(periods=int(row["periods"]), series=int(row["series"]))


def densify(rows: Table, calendar: Table) -> Table:
    """One row for each period from a series' first to its last, in order of series and date.

    Columns `unique_id, ds, y, imputed, store, item, period`, then the covariates. A period without a row has `y` 0,
    `imputed` true and null covariates: whether it was a day without sales or a lost row can't be told from the data.
    """
    extra = covariates(rows.columns)
    periods = calendar.select("period", DS)
    ends = bounds(rows, calendar)
    grid = ends.join(periods, [col(periods, "period") >= col(ends, "low"), col(periods, "period") <= col(ends, "high")])
    grid = grid.select(UNIQUE_ID, DS, STORE, ITEM, "period")
    arrived = rows.select(UNIQUE_ID, DS, Y, *extra)
    joined = grid.left_join(arrived, [UNIQUE_ID, DS])
    filled = joined.select(
        col(grid, UNIQUE_ID),
        col(grid, DS),
        col(arrived, Y).fill_null(0.0).name(Y),
        col(arrived, Y).isnull().name(IMPUTED),
        col(grid, STORE),
        col(grid, ITEM),
        col(grid, "period"),
        *(col(arrived, name) for name in extra),
    )
    return filled.order_by([UNIQUE_ID, DS])


def content_hash(panel: Table) -> str:
    """A hash of the panel's content that depends on no order: SHA-256 of the row count and the sum of the rows' MD5."""
    fields = [col(panel, name).cast("string").fill_null("\x00") for name in panel.columns]
    separator: Any = ibis.literal("\x1f")
    text = separator.join(fields)
    hashed: Any = _md5_lower(text)
    row = panel.agg(rows=panel.count(), total=hashed.cast("decimal(38, 0)").sum()).to_pyarrow().to_pylist()[0]
    told = "|".join([",".join(panel.columns), str(row["rows"]), str(row["total"])])
    return hashlib.sha256(told.encode()).hexdigest()


def _phase(ds: Any, frequency: Frequency) -> Any:
    if not frequency.months:
        return ds.epoch_seconds() % frequency.seconds
    ends = (ds + ibis.interval(days=1)).day() == 1
    return ends.ifelse(0, ds.day()) * DAY + ds.epoch_seconds() % DAY


def _require_distinct(rows: Table, series: int) -> None:
    pairs = int(rows.select(STORE, ITEM).distinct().count().to_pyarrow().as_py())
    if pairs != series:
        raise SeriesNamesCollideError(
            "Two series would have one name.",
            given=f"{pairs} pairs of store and item, {series} names of the form store_item",
            allowed="pairs that stay apart when joined by `_`",
            remedy="Rename the stores or items that hold `_`.",
        )
