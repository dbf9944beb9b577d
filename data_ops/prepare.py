"""The job step `prepare`: bronze at one version -> quarantine, calendar, panel, features.

Each table is replaced in one commit whose Delta transaction is the bronze version, features last. A run that is killed
and repeated writes only what is missing; a run for an older version than the one in silver writes nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops import calendar_table, checks, frequency, panel
from data_ops.engine import engine, load, stream
from data_ops.features import FeatureSet, feature_set, features
from data_ops.job_task import JobParameters, reasons_kept
from data_ops.schema import BATCH_ID, DATE, ITEM, SALES, SOURCE_FILE, STORE, UNIQUE_ID, Y
from data_ops.storage import Commit, locate, overwrite_once, rows, table
from data_ops.summary import (
    BRONZE_VERSION,
    CALENDAR,
    CAUSATION,
    CONTENT_HASH,
    FEATURES,
    PANEL,
    QUARANTINE,
    SUMMARY,
    Summary,
    overtaken,
    summary_of,
    transaction,
)


class BatchRefusedError(FourPartError):
    """The file that arrived last has too many bad rows."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the steps of one preparation share: the connection, what is prepared, and the event that asked for it."""

    backend: Backend
    source: DataVersion
    causation: str

    def keep(self, name: str, made: Table) -> Table:
        """Compute an expression once into a table of the connection."""
        return self.backend.create_table(name, made)

    def write(self, name: str, made: Table, facts: Mapping[str, str] | None = None) -> Commit:
        """Replace a silver table by these rows, once for the bronze version."""
        metadata = {CAUSATION: self.causation, BRONZE_VERSION: str(self.source), **(facts or {})}
        return overwrite_once(locate(name), lambda: stream(self.backend, made), transaction(self.source), metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the kept rows say about themselves."""

    extent: panel.Extent
    frequency: frequency.Frequency
    season: int


def prepare(source: DataVersion, causation: str = "") -> Summary | None:
    """Prepare a bronze version; None when silver already holds a later one.

    The figures are also in the commit of the features table, from where a repeated run answers.

    Raises:
        BatchRefusedError: when the file that arrived last has more than `checks.BAD_SHARE` bad rows.
        FourPartError: for a missing version, no good rows, mixed or unknown frequency, colliding series names.
    """
    if (done := summary_of(source)) or overtaken(source):
        return done
    began = time.monotonic()
    with engine() as backend:
        work = Work(backend=backend, source=source, causation=causation)
        judged = _judged(work)
        kept, calendar, strays, shape = _shaped(work, judged)
        quarantine = work.write(QUARANTINE, _quarantine(judged, strays))
        dense = work.keep("panel", panel.densify(kept, calendar))
        digest = panel.content_hash(dense)
        versions = {
            QUARANTINE: quarantine.version,
            CALENDAR: work.write(CALENDAR, calendar).version,
            PANEL: work.write(PANEL, dense, {CONTENT_HASH: digest}).version,
        }
        wanted = feature_set(shape.season, _longest(dense))
        figures = _figures(judged, dense, strays)
        summary = Summary(
            source=str(source),
            **figures,
            series=shape.extent.series,
            first=shape.extent.first.isoformat(),
            last=shape.extent.last.isoformat(),
            frequency=shape.frequency.name,
            season=shape.season,
            features=wanted.names,
            silver=versions,
            content_hash=digest,
            seconds=round(time.monotonic() - began, 2),
        )
        _write_features(work, dense, calendar, wanted, summary)
    return summary_of(source)


def _write_features(work: Work, dense: Table, calendar: Table, wanted: FeatureSet, summary: Summary) -> None:
    facts = {SUMMARY: summary.json(), CONTENT_HASH: summary.content_hash}
    work.write(FEATURES, features(dense, calendar, wanted), facts)


def _judged(work: Work) -> Table:
    """Bronze with reasons; refused as a whole, after its quarantine is written, when the newest file is too bad."""
    opened = table(locate(work.source.table), work.source.version)
    bronze = load(work.backend, "bronze", rows(opened))
    judged = work.keep("judged", checks.judge(bronze))
    batches = sorted(_fetch(checks.batches(judged)), key=lambda batch: (batch["arrived"], batch[BATCH_ID]))
    if batches and batches[-1]["bad"] > batches[-1]["rows"] * checks.BAD_SHARE:
        work.write(QUARANTINE, _quarantine(judged, None))
        raise _refused(judged, batches[-1])
    others = _other_frequency(judged, [batch[BATCH_ID] for batch in batches])
    if not others:
        return judged
    judged = work.keep("judged_again", checks.judge(bronze, others))
    if batches[-1][BATCH_ID] in others:
        work.write(QUARANTINE, _quarantine(judged, None))
        raise others[batches[-1][BATCH_ID]]
    return judged


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
    return [frequency.Steps(**row) for row in _fetch(frequency.steps(kept))]


def _refused(judged: Table, batch: Mapping[str, Any]) -> BatchRefusedError:
    inside = judged.filter(judged[BATCH_ID] == batch[BATCH_ID])
    reasons = _fetch(inside.group_by("reason").agg(n=inside.count(), file=inside[SOURCE_FILE].max()))
    told = ", ".join(f"{row['n']} {row['reason']}" for row in reasons if row["reason"] not in {None, *checks.SEVERITY})
    return BatchRefusedError(
        "The file has too many bad rows; silver stays as it was.",
        given=f"{reasons[0]['file']}: {batch['bad']} of {batch['rows']} rows ({told})",
        allowed=f"at most {checks.BAD_SHARE:.0%} of a file's rows bad; {STORE}, {ITEM} filled, {DATE} ISO 8601, {SALES} a number >= 0",
        remedy="Look at silver/quarantine, put the file right, and ingest it again.",
    )


def _shaped(work: Work, judged: Table) -> tuple[Table, Table, Table, Shape]:
    """Kept rows on the grid, the calendar, rows off the grid, and the shape."""
    kept = work.keep("kept", panel.kept(judged))
    extent = panel.extent(kept)
    found = frequency.infer(_steps(kept))
    start = panel.grid_start(kept, found)
    calendar = load(work.backend, "calendar", calendar_table.build(found, start, extent.last).to_reader())
    good, off = panel.split_grid(kept, calendar)
    strays = work.keep("strays", off)
    panel.require_grid(_count(strays), extent.rows, found)
    on_grid = work.keep("on_grid", good)
    shape = Shape(extent=panel.extent(on_grid), frequency=found, season=frequency.season(found, _means(on_grid)))
    return on_grid, calendar, strays, shape


def _means(kept: Table) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Mean of log(1 + y) over the series by period, shape (periods,); logs keep large series from drowning the others."""
    by_period = kept.group_by("ds").agg(mean=(kept[Y] + 1).ln().mean()).order_by("ds")
    return np.array([row["mean"] for row in _fetch(by_period)], dtype=np.float64)


def _quarantine(judged: Table, strays: Table | None) -> Table:
    """Arriving rows that silver does not hold, with `reason` and what it means; rows replaced by a later file are history."""
    told = judged
    if strays is not None:
        marks = strays.select(UNIQUE_ID, "ds", off=ibis.literal(panel.OFF_FREQUENCY))
        joined = judged.left_join(marks, [UNIQUE_ID, "ds"])
        told = joined.mutate(reason=joined["reason"].fill_null(joined["off"])).drop("off", f"{UNIQUE_ID}_right", "ds_right")
    bad = told.filter(told["reason"].notnull() & (told["reason"] != checks.REPLACED)).drop(UNIQUE_ID, "ds", Y)
    means = ibis.cases(*((bad["reason"] == name, text) for name, text in checks.REASONS.items()))
    return bad.mutate(meaning=means)


def _figures(judged: Table, dense: Table, strays: Table) -> dict[str, Any]:
    reasons = {row["reason"]: row["n"] for row in _fetch(judged.group_by("reason").agg(n=judged.count()))}
    off = _count(strays)
    kept = reasons.pop(None, 0) - off
    replaced = reasons.pop(checks.REPLACED, 0)
    out = _count(dense)
    return {
        "rows_in": kept + replaced + sum(reasons.values()) + off,
        "rows_out": out,
        "rows_kept": kept,
        "rows_imputed": out - kept,
        "rows_replaced": replaced,
        "quarantined": dict(sorted({**reasons, **({panel.OFF_FREQUENCY: off} if off else {})}.items())),
    }


def _longest(dense: Table) -> int:
    per_series = dense.group_by(UNIQUE_ID).agg(n=dense.count())
    return int(per_series["n"].max().to_pyarrow().as_py())


def _count(made: Table) -> int:
    return int(made.count().to_pyarrow().as_py())


def _fetch(made: Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.to_pyarrow().to_pylist()
    return found


def main() -> None:
    """Entry point of the task `prepare`."""
    parameters = JobParameters.of(sys.argv[1:])
    with reasons_kept("prepare", parameters):
        summary = prepare(parameters.source, parameters.causation)
    sys.stdout.write(f"{summary.json() if summary else f'{parameters.source} has been overtaken by a later version'}\n")
