"""The job step `prepare`: bronze at one version -> quarantine, calendar, panel, features.

Each table is replaced in one commit whose Delta transaction is the bronze version, features last. A run that is killed
and repeated writes only what is missing; a run for an older version than the one in silver writes nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from contracts.events import DataVersion
from data_ops import checks, panel
from data_ops.assessment import assess, count, fetch, shaped
from data_ops.engine import engine, load, stream
from data_ops.features import FeatureSet, feature_set, features
from data_ops.job_task import JobParameters, reasons_kept
from data_ops.schema import UNIQUE_ID, Y
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
        kept, calendar, strays, shape = shaped(backend, judged)
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
    """Bronze with reasons; refused as a whole, after its quarantine is written, when the newest file is."""
    opened = table(locate(work.source.table), work.source.version)
    judged, refusal = assess(work.backend, load(work.backend, "bronze", rows(opened)))
    if refusal:
        work.write(QUARANTINE, _quarantine(judged, None))
        raise refusal
    return judged


def _quarantine(judged: Table, strays: Table | None) -> Table:
    """Arriving rows that silver does not hold, with `reason` and what it means; rows replaced by a later file are history."""
    told = judged
    if strays is not None:
        marks = strays.select(UNIQUE_ID, "ds", _off=ibis.literal(panel.OFF_FREQUENCY))
        joined = judged.left_join(marks, [UNIQUE_ID, "ds"])
        told = joined.mutate(reason=joined["reason"].fill_null(joined["_off"])).drop("_off", f"{UNIQUE_ID}_right", "ds_right")
    bad = told.filter(told["reason"].notnull() & (told["reason"] != checks.REPLACED)).drop(UNIQUE_ID, "ds", Y)
    means = ibis.cases(*((bad["reason"] == name, text) for name, text in checks.REASONS.items()))
    return bad.mutate(meaning=means)


def _figures(judged: Table, dense: Table, strays: Table) -> dict[str, Any]:
    reasons = {row["reason"]: row["n"] for row in fetch(judged.group_by("reason").agg(n=judged.count()))}
    off = count(strays)
    kept = reasons.pop(None, 0) - off
    replaced = reasons.pop(checks.REPLACED, 0)
    out = count(dense)
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


def main() -> None:
    """Entry point of the task `prepare`."""
    parameters = JobParameters.of(sys.argv[1:])
    with reasons_kept("prepare", parameters):
        summary = prepare(parameters.source, parameters.causation)
    sys.stdout.write(f"{summary.json() if summary else f'{parameters.source} has been overtaken by a later version'}\n")
