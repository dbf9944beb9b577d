"""Six series worth a look, each with its history, what was forecast of it and what is forecast now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from contracts.events import DataVersion
from data_ops.storage import table
from local.report.content import Series
from local.report.judged import Judged
from ml_pipelines.forecast_files import Forecasts

HISTORY, FEWEST = 4, 26
"""Periods of history that are drawn: this many horizons, and never fewer than that."""
COLUMNS = ["unique_id", "store", "item", "ds", "y", "imputed"]


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The last periods of a panel: `sales` by series and period start, None where unknown; keys and mean sales by series."""

    dates: tuple[np.datetime64, ...]
    sales: Mapping[str, Mapping[np.datetime64, float | None]]
    keys: Mapping[str, tuple[str, str]]
    volume: Mapping[str, float]

    @classmethod
    def read(cls, root: str, version: DataVersion, periods: int) -> Tail:
        """Read the last `periods` of a silver panel; `root` is the URL of the container.

        Raises:
            TableMissingError: when the version is not in the lake.
        """
        panel = table(f"{root}/{version.table.partition('/')[2]}", version.version).to_pyarrow_dataset()
        last = int(np.max(panel.to_table(columns=["period"])["period"].to_numpy()))
        return cls.of(panel.to_table(columns=COLUMNS, filter=pc.field("period") > last - periods))

    @classmethod
    def of(cls, rows: pa.Table) -> Tail:
        """Take in rows of the panel."""
        stamps = rows["ds"].cast(pa.timestamp("s", "UTC")).to_numpy().astype("datetime64[s]")
        sales: dict[str, dict[np.datetime64, float | None]] = {}
        keys: dict[str, tuple[str, str]] = {}
        columns = (rows[name].to_pylist() for name in ("unique_id", "store", "item", "y", "imputed"))
        for at, name, store, item, y, imputed in zip(stamps, *columns, strict=True):
            sales.setdefault(name, {})[at] = None if imputed or y is None or not np.isfinite(y) else float(y)
            keys[name] = (store, item)
        volume = {name: _mean(list(found.values())) for name, found in sales.items()}
        return cls(dates=tuple(np.unique(stamps)), sales=sales, keys=keys, volume=volume)


def choose(errors: Mapping[str, float], volume: Mapping[str, float]) -> dict[str, str]:
    """Names of up to six series, each with why: by error where errors are known, and by volume."""
    ranked = sorted((name for name in errors if name in volume), key=lambda name: (errors[name], name))
    sold = sorted(volume, key=lambda name: (-volume[name], name))
    middle = len(ranked) // 2
    wanted = [
        *(("smallest error", name) for name in ranked[:1]),
        *(("median error", name) for name in ranked[max(0, middle - 1) : middle + 1]),
        *(("largest error", name) for name in ranked[-1:]),
        *(("highest volume", name) for name in sold[:1]),
        *(("lowest volume", name) for name in sold[-1:]),
    ]
    found: dict[str, str] = {}
    for why, name in wanted:
        found[name] = f"{found[name]}, {why}" if name in found else why
    return found


def series(tail: Tail, published: Forecasts | None, judged: Judged | None) -> tuple[Series, ...]:
    """The chosen series of those that have forecasts, aligned on the periods of history and forecast."""
    errors = judged.errors if judged else {}
    ahead = _ahead(published) if published else {}
    known = ahead.keys() or errors.keys()
    chosen = choose(errors, {name: value for name, value in tail.volume.items() if name in known})
    return tuple(
        _one(why, name, tail, {**_judged(judged, name, tail), **ahead.get(name, {})}, errors.get(name))
        for name, why in chosen.items()
    )


type Bounds = dict[np.datetime64, tuple[float, float, float]]


def _one(why: str, name: str, tail: Tail, told: Bounds, error: float | None) -> Series:
    dates = sorted({*tail.dates, *told})
    store, item = tail.keys[name]
    columns = [tuple(_number(told[at][part]) if at in told else None for at in dates) for part in range(3)]
    return Series(
        why=why,
        name=name,
        store=store,
        item=item,
        error=error,
        volume=round(tail.volume[name], 3),
        dates=tuple(_day(at) for at in dates),
        known=len([at for at in dates if at <= tail.dates[-1]]),
        actual=tuple(tail.sales[name].get(at) for at in dates),
        point=columns[0],
        lower=columns[1],
        upper=columns[2],
    )


def _ahead(published: Forecasts) -> dict[str, Bounds]:
    rows = zip(published.unique_ids, published.point, published.lower, published.upper, strict=True)
    return {str(name): _bounds(published.ds, *parts) for name, *parts in rows}


def _judged(judged: Judged | None, name: str, tail: Tail) -> Bounds:
    """What was forecast of the periods that are drawn."""
    if judged is None or name not in judged.unique_ids:
        return {}
    row = judged.unique_ids.index(name)
    found = _bounds(judged.ds, judged.point[row], judged.lower[row], judged.upper[row])
    return {at: bounds for at, bounds in found.items() if at >= tail.dates[0]}


def _bounds(ds: NDArray[np.datetime64], *parts: NDArray[Any]) -> Bounds:
    stamps = ds.astype("datetime64[s]")
    return {at: (float(p), float(lower), float(upper)) for at, p, lower, upper in zip(stamps, *parts, strict=True)}


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else 0.0


def _number(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def _day(at: np.datetime64) -> str:
    """The period's start; without the time of day where it is midnight."""
    day, _, rest = str(at.astype("datetime64[m]")).partition("T")
    return day if rest == "00:00" else f"{day} {rest}"
