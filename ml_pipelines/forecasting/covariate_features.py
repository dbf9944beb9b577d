"""Features of one covariate that is known ahead, such as a price or a promotion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.panel import Cells, Panel

type Index = NDArray[np.int64]
type Sums = NDArray[np.float64]
TINY = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """A covariate over all periods, and its means over stores and items.

    `values` is (n, periods) without NaN, `sums` (n, periods + 1) are running sums; `by_store` and `by_item` are
    (n, periods): the mean of the series' store over its items, and of its item over all stores.
    """

    values: Cells
    sums: Sums
    by_store: Cells
    by_item: Cells

    def mean(self, row: Index, cutoff: Index, window: int) -> NDArray[np.float64]:
        """Mean of the `window` periods before each cutoff; the value of period 0 where there are none."""
        low = np.maximum(cutoff - window, 0)
        total = self.sums[row, cutoff] - self.sums[row, low]
        return np.where(cutoff > low, total / np.maximum(cutoff - low, 1), self.values[row, 0])


def ahead(panel: Panel, given: Cells | None, periods: int, stores: Index, items: Index) -> Ahead:
    """Extend a covariate to `periods`; `stores` and `items` are group numbers of the series.

    Where it is unknown it takes the series' median of the last year before the panel's end, 0 without one.
    """
    values = np.full((len(panel.y), periods), np.nan, dtype=np.float32)
    if given is not None:
        width = min(given.shape[1], periods)
        values[:, :width] = given[:, :width]
    recent = values[:, max(0, panel.periods - panel.yearly) : panel.periods].copy()
    recent[~np.isfinite(recent).any(axis=1)] = 0
    usual = np.nanmedian(recent, axis=1) if recent.shape[1] else np.zeros(len(values), dtype=np.float32)
    filled = np.where(np.isfinite(values), values, usual[:, None]).astype(np.float32)
    return Ahead(values=filled, sums=running(filled), by_store=grouped_mean(filled, stores), by_item=grouped_mean(filled, items))


def features(name: str, found: Ahead, *, row: Index, cutoff: Index, target: Index, panel: Panel) -> dict[str, Cells]:
    """The value ahead beside the usual and the recent ones of the series, its store and its item."""
    here, season = found.values[row, target], max(2, panel.season)
    usual, recent = found.mean(row, cutoff, panel.yearly), found.mean(row, cutoff, 4 * season)
    return {
        name: here,
        f"{name}_usual": _ratio(here, usual),
        f"{name}_recent": _ratio(recent, usual),
        f"{name}_last": here - found.values[row, np.maximum(cutoff - 1, 0)],
        f"{name}_before": here - found.values[row, np.maximum(target - 1, 0)],
        f"{name}_store": _ratio(here, found.by_store[row, target]),
        f"{name}_item": found.by_item[row, target],
    }


def grouped_mean(values: Cells, group: Index) -> Cells:
    """Mean over the rows of each group, given back to every row: (n, periods)."""
    return (grouped(values, group) / np.bincount(group)[:, None])[group].astype(np.float32)


def grouped(values: NDArray[np.generic], group: Index) -> Sums:
    """Sums (groups, periods) of values (n, periods) over the rows of each group; groups are numbered from 0, none is empty."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(int(group.max()) + 1))
    found: Sums = np.add.reduceat(values[order], starts, axis=0, dtype=np.float64)
    return found


def running(values: NDArray[np.generic]) -> Sums:
    """Running sums (n, periods + 1) of values (n, periods), from 0."""
    out = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, dtype=np.float64, out=out[:, 1:])
    return out


def _ratio(part: NDArray[np.floating], whole: NDArray[np.floating]) -> Cells:
    found = np.divide(part, whole, out=np.full(len(part), np.nan), where=np.abs(whole) > TINY)
    return found.astype(np.float32)
