"""Features of the direct model: for a series, a cutoff and a target period, from values before the cutoff alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.calendar_features import by_period
from ml_pipelines.forecasting.covariate_features import Ahead, Index, ahead, features, grouped, running
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.response_features import Responses, pushes, response_columns, responses

CATEGORICAL = ("store", "item", "holiday", "next_holiday")
SAME_PHASE, NARROW, WIDE = 4, 1, 4
"""Cycles back that a phase is looked at; half widths, in cycles, of the windows around the same time a year before."""
LEAST_LEVEL = 0.05
THREADS, BLOCK = 2, 16_384
"""Threads that gather features, and rows that each takes at a time: as many as a core's cache holds."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """The categories that the model was fitted on; others get the code after the last one. `pushes` are covariates, too."""

    stores: tuple[str, ...]
    items: tuple[str, ...]
    covariates: tuple[str, ...]
    pushes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Running:
    """Running sums and counts of known values, (rows, periods + 1)."""

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, y: Cells, group: Index) -> Running:
        """Of values (n, periods), added over the series of each group."""
        return cls(sums=running(grouped(np.nan_to_num(y), group)), counts=running(grouped(np.isfinite(y), group)))

    def mean(self, row: Index, low: Index, high: Index) -> Cells:
        """Mean of the known values of periods `low` to `high - 1`; NaN without any."""
        low = np.maximum(low, 0)
        high = np.maximum(high, low)
        total, count = self.sums[row, high] - self.sums[row, low], self.counts[row, high] - self.counts[row, low]
        return np.divide(total, count, out=np.full(len(row), np.nan), where=count > 0).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """What features are gathered from: known values, and what is known of every period ahead.

    `item_of` is the row of each series in `items`, (n,).
    """

    panel: Panel
    series: Running
    items: Running
    item_of: Index
    ahead: dict[str, Ahead]
    responses: Responses | None
    calendar: dict[str, NDArray[np.float32]]
    codes: dict[str, NDArray[np.float32]]


def names_of(panel: Panel) -> Names:
    """The categories of a panel."""
    stores, items = tuple(sorted(set(panel.stores))), tuple(sorted(set(panel.items)))
    return Names(stores=stores, items=items, covariates=tuple(sorted(panel.covariates)), pushes=pushes(panel.covariates))


def sources(panel: Panel, names: Names, periods: int) -> Sources:
    """Prepare a panel, whose `y` ends at the newest cutoff, for targets up to `periods`."""
    store_of, item_of = (np.unique(given, return_inverse=True)[1] for given in (panel.stores, panel.items))
    known = {name: ahead(panel, panel.covariates.get(name), periods, store_of, item_of) for name in names.covariates}
    return Sources(
        panel=panel,
        series=Running.of(panel.y, np.arange(len(panel.y))),
        items=Running.of(panel.y, item_of),
        item_of=item_of,
        ahead=known,
        responses=responses(panel, known, names.pushes) if known else None,
        calendar=by_period(panel, periods),
        codes={"store": _codes(panel.stores, names.stores), "item": _codes(panel.items, names.items)},
    )


def level(found: Sources, row: Index, cutoff: Index) -> Cells:
    """The scale that targets are divided by: the mean of a quarter's history, and a small floor for series without sales."""
    panel = found.panel
    means = found.series.mean(row, cutoff - _window(panel, 13), cutoff)
    year = found.series.mean(row, cutoff - panel.yearly, cutoff)
    return np.maximum(np.nan_to_num(np.where(np.isnan(means), year, means), nan=1.0), LEAST_LEVEL).astype(np.float32)


def matrix(found: Sources, row: Index, cutoff: Index, target: Index) -> tuple[Cells, tuple[str, ...]]:
    """One feature row for each (series, cutoff, target), float32, and the features' names; needs `cutoff <= target`."""
    names = tuple(_columns(found, row[:1], cutoff[:1], target[:1]))
    x = np.empty((len(row), len(names)), dtype=np.float32)

    def fill(first: int) -> None:
        rows = slice(first, first + BLOCK)
        np.stack(list(_columns(found, row[rows], cutoff[rows], target[rows]).values()), axis=1, out=x[rows], casting="same_kind")

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(0, len(row), BLOCK)))
    return x, names


def _columns(found: Sources, row: Index, cutoff: Index, target: Index) -> dict[str, Cells]:
    """The features of some rows by name."""
    scale = level(found, row, cutoff)
    panel = found.panel
    recent = {f"mean_{size}": found.series.mean(row, cutoff - size, cutoff) / scale for size in windows(panel)}
    columns = {
        "step": (target - cutoff + 1).astype(np.float32),
        "level": np.log(scale),
        **recent,
        **_same_phase(found, row, cutoff, target, scale),
        **_year_before(found, row, cutoff, target),
        **{name: values[target] for name, values in found.calendar.items()},
        **{name: values[row] for name, values in found.codes.items()},
    }
    for name, covariate in found.ahead.items():
        columns |= features(name, covariate, row=row, cutoff=cutoff, target=target, panel=panel)
    if found.responses:
        columns |= response_columns(found.responses, found.ahead, row=row, cutoff=cutoff, target=target, panel=panel, scale=scale)
    return columns


def windows(panel: Panel) -> tuple[int, ...]:
    """Windows of the rolling means, in periods."""
    return tuple(sorted({_window(panel, 1), _window(panel, 4), panel.yearly}))


def _window(panel: Panel, cycles: int) -> int:
    return cycles * max(2, panel.season)


def _same_phase(found: Sources, row: Index, cutoff: Index, target: Index, scale: Cells) -> dict[str, Cells]:
    """The newest known value of the target's phase, the mean of the newest few, and the value a year before."""
    panel, season = found.panel, max(1, found.panel.season)
    newest = target - -(-(target - cutoff + 1) // season) * season
    back = np.stack([_at(panel.y, row, newest - season * times) for times in range(SAME_PHASE)])
    seen = np.isfinite(back)
    total, count = np.where(seen, back, 0).sum(axis=0), seen.sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(row), np.nan), where=count > 0)
    return {
        "newest": back[0] / scale,
        "same_phase": (mean / scale).astype(np.float32),
        "year_before": _at(panel.y, row, target - _year(panel, cutoff, target)) / scale,
    }


def _year_before(found: Sources, row: Index, cutoff: Index, target: Index) -> dict[str, Cells]:
    """How sales around the target moved a year before, against those before the cutoff's: of the series and of its item."""
    panel, year = found.panel, _year(found.panel, cutoff, target)
    columns = {}
    for name, sums, place in (("series", found.series, row), ("item", found.items, found.item_of[row])):
        before = sums.mean(place, cutoff - year - _window(panel, 13), cutoff - year)
        for width, cycles in (("narrow", NARROW), ("wide", WIDE)):
            half = _window(panel, cycles) // 2
            around = sums.mean(place, target - year - half, np.minimum(target - year + half + 1, cutoff))
            columns[f"{name}_year_{width}"] = _ratio(around, before)
    here = found.items.mean(found.item_of[row], cutoff - _window(panel, 4), cutoff)
    columns["item_trend"] = _ratio(here, found.items.mean(found.item_of[row], cutoff - _window(panel, 13), cutoff))
    return columns


def _year(panel: Panel, cutoff: Index, target: Index) -> Index:
    """The fewest whole years back, in periods, that reach before the cutoff."""
    year: Index = panel.yearly * (1 + (target - cutoff) // panel.yearly)
    return year


def _ratio(part: Cells, whole: Cells) -> Cells:
    found = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found.astype(np.float32)


def _at(values: Cells, row: Index, column: Index) -> Cells:
    return np.where(column >= 0, values[row, np.maximum(column, 0)], np.nan).astype(np.float32)


def _codes(given: Sequence[str], known: Sequence[str]) -> NDArray[np.float32]:
    code = {name: index for index, name in enumerate(known)}
    return np.array([code.get(name, len(known)) for name in given], dtype=np.float32)
