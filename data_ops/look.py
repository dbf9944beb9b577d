"""A first look at what would arrive: the job's own rules on the file alone, before anything is written or started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from contracts.errors import FourPartError
from data_ops import calendar_table, checks, panel
from data_ops.arrival import Arriving
from data_ops.assessment import assess, count, fetch, shaped
from data_ops.columns import col
from data_ops.engine import engine, load
from data_ops.negative import Negative
from data_ops.schema import ITEM, STORE
from data_ops.sources.cells import Kind

LABEL = 13
"""Width of the names before each line."""
DAY_LENGTH = 10


@dataclass(frozen=True, kw_only=True)
class Covariate:
    """A column beside sales that is taken as known ahead: its kind, and the share of rows that have a value, 0 to 1."""

    kind: Kind
    filled: float


@dataclass(frozen=True, kw_only=True)
class Series:
    """What the rows that count make: figures as silver's summary will have them; dates are ISO 8601 in UTC."""

    series: int
    stores: int
    items: int
    first: str
    last: str
    frequency: str
    season: int
    season_candidates: tuple[int, ...]
    missing_periods: int
    series_with_gaps: int


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a file or folder holds; `dropped` maps a reason to rows, `left_out` a column to why.

    `panel` is None and `refusal` says why when the job would refuse it.
    """

    path: str
    files: int
    form: str
    rows: int
    kept: int
    dropped: Mapping[str, int]
    negative: Negative
    returns: int
    covariates: Mapping[str, Covariate]
    left_out: Mapping[str, str]
    panel: Series | None = None
    refusal: FourPartError | None = None

    def json(self) -> dict[str, Any]:
        """The fields as JSON has them; the refusal in its four parts."""
        refusal = self.refusal
        parts = {name: getattr(refusal, name) for name in ("happened", "given", "allowed", "remedy")} if refusal else None
        return {**asdict(replace(self, refusal=None)), "refusal": parts}

    def lines(self) -> Iterator[str]:
        """One line for each thing to know."""
        for name, text in self._told():
            yield f"{name:<{LABEL}}{text}"

    def _told(self) -> Iterator[tuple[str, str]]:
        several = f", {self.files:,} files" if self.files > 1 else ""
        yield "data", f"{self.path}{several}: {self.form}"
        yield "rows", f"{self.rows:,}, of which {self.kept:,} count"
        if self.panel:
            yield from _panel_lines(self.panel)
        yield "covariates", ", ".join(f"{name} ({_filled(found)})" for name, found in self.covariates.items()) or "none"
        if self.left_out:
            yield "left out", ", ".join(f"{name} ({why})" for name, why in self.left_out.items())
        yield (
            "dropped",
            "; ".join(f"{rows:,} {reason}: {checks.REASONS[reason]}" for reason, rows in self.dropped.items()) or "none",
        )
        if self.returns:
            yield "returns", f"{self.returns:,} rows below zero count as no sale"


def look(path: Path, columns: Mapping[str, str] | None = None, negative: Negative = Negative.QUARANTINE) -> Look:
    """Look at a file or folder as `ingest` and the job `prepare-dataset` would; nothing is written.

    What depends on the rest of bronze can't be seen: rows that replace earlier ones, another frequency than silver's.

    Raises:
        FileRefusedError: when `ingest` would refuse it.
    """
    arriving = Arriving.of(path, columns or {}, negative)
    with engine() as backend:
        judged, refusal = assess(backend, load(backend, "bronze", arriving.reader("", datetime.now(UTC))))
        found = _look(arriving, judged)
        try:
            return replace(found, refusal=refusal) if refusal else _with_panel(backend, found, judged)
        except FourPartError as error:
            return replace(found, refusal=error)


def _look(arriving: Arriving, judged: Table) -> Look:
    reasons = {row["reason"]: row["n"] for row in fetch(judged.group_by("reason").agg(n=judged.count()))}
    returned = judged.filter(checks.returns(judged))
    first = arriving.files[0]
    return Look(
        path=str(arriving.path),
        files=len(arriving.files),
        form=str(first.dialect or "Parquet"),
        rows=arriving.rows,
        kept=reasons.pop(None, 0),
        dropped=dict(sorted(reasons.items())),
        negative=arriving.negative,
        returns=count(returned),
        covariates=_covariates(arriving, judged),
        left_out=_left_out(arriving),
    )


def _with_panel(backend: Backend, found: Look, judged: Table) -> Look:
    kept, calendar, strays, shape = shaped(backend, judged)
    off, holes = count(strays), panel.gaps(kept, calendar)
    keys = kept.agg(stores=kept[STORE].nunique(), items=kept[ITEM].nunique()).to_pyarrow().to_pylist()[0]
    series = Series(
        series=shape.extent.series,
        **keys,
        first=shape.extent.first.isoformat(),
        last=shape.extent.last.isoformat(),
        frequency=shape.frequency.name,
        season=shape.season,
        season_candidates=shape.frequency.season_candidates(),
        missing_periods=holes.periods,
        series_with_gaps=holes.series,
    )
    dropped = dict(sorted({**found.dropped, **({panel.OFF_FREQUENCY: off} if off else {})}.items()))
    return replace(found, panel=series, kept=found.kept - off, dropped=dropped)


def _covariates(arriving: Arriving, judged: Table) -> dict[str, Covariate]:
    """Share of rows with a value, by covariate."""
    if not arriving.kinds:
        return {}
    filled = judged.agg([col(judged, name).count().name(name) for name in arriving.kinds]).to_pyarrow().to_pylist()[0]
    return {name: Covariate(kind=kind, filled=filled[name] / arriving.rows) for name, kind in arriving.kinds.items()}


def _left_out(arriving: Arriving) -> dict[str, str]:
    """Columns that the model will not see."""
    calendar = {name.casefold() for name in calendar_table.SCHEMA.names}
    chosen = arriving.files[0].selection
    return {
        **{f"column {index + 1}": "it has no name" for index in chosen.nameless},
        **{name: "no value in it" for name in chosen.covariates if name not in arriving.kinds},
        **{name: "the calendar has its own" for name in arriving.kinds if name.casefold() in calendar},
        **{name: "text, kept in silver; the models take numbers" for name, kind in arriving.kinds.items() if kind == Kind.TEXT},
    }


def _panel_lines(found: Series) -> Iterator[tuple[str, str]]:
    candidates = " or ".join(map(str, found.season_candidates))
    season = f"a season of {found.season} periods" if found.season > 1 else "no season"
    looked = f" (looked for {candidates})" if candidates else ""
    yield "series", f"{found.series:,}: {found.stores:,} stores, {found.items:,} items"
    yield "range", f"{_day(found.first)} to {_day(found.last)}"
    yield "frequency", f"{found.frequency}, {season}{looked}"
    gaps = f"{found.missing_periods:,} periods missing in {found.series_with_gaps:,} series, filled in as unknown"
    yield "gaps", gaps if found.missing_periods else "none"


def _filled(found: Covariate) -> str:
    return str(found.kind) if found.filled == 1 else f"{found.kind}, {found.filled:.1%} filled"


def _day(time: str) -> str:
    """Leave the time of day out where it is midnight."""
    return time[:DAY_LENGTH] if "T00:00:00" in time else time
