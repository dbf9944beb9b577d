"""Which arriving rows are bad, and why: rules over rows, then over keys, then over whole batches."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import ibis
from ibis.expr.types import Table

from data_ops.columns import col
from data_ops.frequency import HOUR
from data_ops.negative import Negative
from data_ops.schema import BATCH_ID, DATE, DS, INGEST_TS, ITEM, NEGATIVE, SALES, SEQ, STORE, UNIQUE_ID, Y

BAD_SHARE = 0.05
"""A batch with a larger share of bad rows is refused as a whole."""

OFFSET = r"^(.*\d:\d\d(?::\d\d(?:\.\d+)?)?) ?([+-]\d\d):?(\d\d)?$"
"""A time of day and its offset from UTC in three groups: what stands before, hours, minutes."""
NAMES = "[A-SU-Ya-z]"
"""Letters that no ISO 8601 date has, of zones' names and of words."""

REFUSED, OTHER = "batch_refused", "other_frequency"
DUPLICATE, REPEATED, REPLACED = "duplicate_key", "repeated_row", "replaced"


class Severity(StrEnum):
    """`BAD` counts towards the refusal of the batch, `NOTE` does not; both are quarantined. `LATER` is history."""

    BAD = "bad"
    NOTE = "note"
    LATER = "later"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule over one row; `broken` sees the parsed columns `ds` and `y` beside those that arrived."""

    name: str
    reason: str
    broken: Callable[[Table], Any]


ROW_RULES: tuple[Rule, ...] = (
    Rule(name="bad_date", reason="the date is missing or no ISO 8601 date", broken=lambda t: col(t, DS).isnull()),
    Rule(name="early_date", reason="the date is before 1970", broken=lambda t: col(t, DS) < ibis.timestamp("1970-01-01")),
    Rule(
        name="future_date",
        reason="the date is more than a day after the file arrived",
        broken=lambda t: col(t, DS) > col(t, INGEST_TS).cast("timestamp") + ibis.interval(days=1),
    ),
    Rule(
        name="missing_key",
        reason="store or item is missing",
        broken=lambda t: (col(t, STORE).fill_null("").strip() == "") | (col(t, ITEM).fill_null("").strip() == ""),
    ),
    Rule(
        name="bad_sales",
        reason="sales is missing or no finite number",
        broken=lambda t: col(t, Y).isnull() | col(t, Y).isnan() | col(t, Y).isinf(),
    ),
    Rule(name="negative_sales", reason="sales is below zero", broken=lambda t: col(t, Y) < 0),
)
"""In order; the first broken rule names the row's reason."""

REASONS: dict[str, str] = {
    **{rule.name: rule.reason for rule in ROW_RULES},
    DUPLICATE: "the file holds this key again later, with other sales",
    REPEATED: "the file holds this key again later, with the same sales",
    REPLACED: "a later file holds this key",
    REFUSED: f"more than {BAD_SHARE:.0%} of the file's rows are bad",
    OTHER: "the file has another frequency than the panel",
    "off_frequency": "the date is not on the grid of the panel's frequency",
}

SEVERITY: dict[str, Severity] = {REPEATED: Severity.NOTE, REFUSED: Severity.NOTE, OTHER: Severity.NOTE, REPLACED: Severity.LATER}
"""Severities other than `BAD`."""


def parse(bronze: Table) -> Table:
    """Add `unique_id`, `ds` (timestamp, UTC) and `y` (float64); what can't be read is null, and a return is 0 where so chosen.

    Dates without an offset are taken as UTC.
    """
    sold = col(bronze, SALES).strip().try_cast("float64")
    returned = (_negative(bronze) == str(Negative.ZERO)) & (sold < 0) & ~sold.isinf()
    return bronze.mutate(
        **{
            UNIQUE_ID: bronze[STORE] + "_" + bronze[ITEM],
            DS: _instant(col(bronze, DATE).strip()),
            Y: returned.ifelse(0.0, sold),
        }
    )


def returns(judged: Table) -> Any:
    """Of judged rows, whether they count with 0 because sales were below zero."""
    return col(judged, "reason").isnull() & (col(judged, SALES).strip().try_cast("float64") < 0)


def _negative(bronze: Table) -> Any:
    """What becomes of a row's negative sales; tables from before this could be chosen lack the column."""
    return col(bronze, NEGATIVE) if NEGATIVE in bronze.columns else ibis.literal(str(Negative.QUARANTINE))


def _instant(told: Any) -> Any:
    """A date's instant in UTC; engines differ in what they make of offsets and of names, so neither reaches them."""
    offset, minutes = told.re_extract(OFFSET, 2), told.re_extract(OFFSET, 3)
    seconds = offset.substr(1).try_cast("int64").fill_null(0) * HOUR + minutes.try_cast("int64").fill_null(0) * 60
    east = offset.startswith("-").ifelse(-seconds, seconds)
    plain = told.re_replace(OFFSET, r"\1")
    return plain.re_search(NAMES).ifelse(None, plain).try_cast("timestamp(6)") - east.as_interval("s")


def judge(bronze: Table, others: Collection[str] = ()) -> Table:
    """Parsed rows with `reason`: null for the row that counts for its key, else the first thing wrong with it.

    Within a file the last row of a key counts (`_seq`), across files the one that arrived last. A row of a refused
    batch keeps its own reason if it has one. `others` are batches of another frequency: none of their rows counts.
    """
    single = parse(bronze)
    told = [(rule.broken(single), rule.name) for rule in ROW_RULES]
    judged = single.mutate(reason=ibis.cases(*told, (col(single, BATCH_ID).isin(list(others)), OTHER)))
    return _replaced(_refused(_repeated(judged)))


def batches(judged: Table) -> Table:
    """Per batch: `_batch_id`, `rows`, `bad` (rows that count towards refusal), `arrived` (timestamp)."""
    return judged.group_by(BATCH_ID).agg(rows=judged.count(), bad=_bad(judged).sum(), arrived=col(judged, INGEST_TS).max())


def _bad(judged: Table) -> Any:
    return col(judged, "reason").notnull() & col(judged, "reason").notin(list(SEVERITY))


def _repeated(judged: Table) -> Table:
    """Name all but the last row of a key in one file; rows that are bad already do not compete."""
    keys = [col(judged, name) for name in (BATCH_ID, STORE, ITEM, DS)] + [col(judged, "reason").isnull()]
    last = ibis.window(group_by=keys, order_by=col(judged, SEQ).desc())
    everyone = ibis.window(group_by=keys)
    ranked = judged.mutate(
        _rank=ibis.row_number().over(last), _differ=(col(judged, Y).max() != col(judged, Y).min()).over(everyone)
    )
    again = col(ranked, "reason").isnull() & (col(ranked, "_rank") > 0)
    named = col(ranked, "_differ").ifelse(DUPLICATE, REPEATED)
    return ranked.mutate(reason=again.ifelse(named, col(ranked, "reason"))).drop("_rank", "_differ")


def _refused(judged: Table) -> Table:
    """Refuse batches as a whole; a later file that puts them right is not held back by them."""
    counted = batches(judged)
    refused = counted.filter(col(counted, "bad") > col(counted, "rows") * BAD_SHARE).select(_refused=col(counted, BATCH_ID))
    joined = judged.left_join(refused, col(judged, BATCH_ID) == col(refused, "_refused"))
    told = col(joined, "_refused").notnull() & col(joined, "reason").isnull()
    return joined.mutate(reason=told.ifelse(REFUSED, col(joined, "reason"))).drop("_refused")


def _replaced(judged: Table) -> Table:
    """Of the rows that are good in their own file, keep the one that arrived last for each key."""
    newest = ibis.window(
        group_by=[col(judged, STORE), col(judged, ITEM), col(judged, DS), col(judged, "reason").isnull()],
        order_by=[col(judged, INGEST_TS).desc(), col(judged, BATCH_ID).desc()],
    )
    ranked = judged.mutate(_rank=ibis.row_number().over(newest))
    older = col(ranked, "reason").isnull() & (col(ranked, "_rank") > 0)
    return ranked.mutate(reason=older.ifelse(REPLACED, col(ranked, "reason"))).drop("_rank")
