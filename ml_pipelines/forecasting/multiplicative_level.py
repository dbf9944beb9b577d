"""Multiplicative level: each series' recent level times pooled seasonal factors; a closed formula that is hard to beat."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.panel import Cells, Panel

_FILE = "multiplicative_level.json"
BUCKETS = 13
"""Parts of the year that have a factor each: four weeks long."""
SHRINK = 8.0
"""Cycles of pooled evidence that a series' own seasonal factors are mixed with."""


@dataclass(frozen=True, kw_only=True)
class MultiplicativeLevel:
    """Levels come from the history that is forecast from; `window` periods of it count."""

    window: int

    @classmethod
    def fit(cls, panel: Panel) -> MultiplicativeLevel:
        """Half a year of level."""
        return cls(window=max(4, panel.yearly // 2))

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """Level x season x part of the year."""
        known = panel.until(cutoff)
        year = year_factors(known)
        phases = np.arange(cutoff + gap + horizon) % max(1, panel.season)
        parts = _parts(panel, cutoff + gap + horizon)
        season = _season_factors(known, year[parts[:cutoff]], self.window)
        factors = season[:, phases] * year[parts][None, :]
        recent = slice(max(0, cutoff - self.window), cutoff)
        seen = np.isfinite(known.y[:, recent])
        weight = np.where(seen, factors[:, recent], 0).sum(axis=1)
        level = np.divide(np.nansum(known.y[:, recent], axis=1), weight, out=np.zeros(len(weight)), where=weight > 0)
        return (level[:, None] * factors[:, cutoff + gap :]).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the window."""
        (folder / _FILE).write_text(json.dumps({"window": self.window}))

    @classmethod
    def load(cls, folder: Path) -> MultiplicativeLevel:
        """Read the window."""
        return cls(window=int(json.loads((folder / _FILE).read_text())["window"]))


def year_factors(known: Panel) -> NDArray[np.float64]:
    """A factor for each part of the year, (BUCKETS,), pooled over series; all 1 with less than a year and a half.

    Each part is held against the mean of the year around it, so that growth is not taken for season.
    """
    ones = np.ones(BUCKETS)
    if known.yearly <= BUCKETS or known.periods < 1.5 * known.yearly:
        return ones
    counts = np.isfinite(known.y).sum(axis=0)
    mean = np.divide(np.nansum(known.y, axis=0), counts, out=np.full(known.periods, np.nan), where=counts > 0)
    filled = np.where(np.isnan(mean), np.nanmean(mean) if counts.any() else 1.0, mean)
    sums = np.concatenate([[0.0], np.cumsum(filled)])
    half = known.yearly // 2
    centre = np.arange(known.periods)
    low, high = np.maximum(centre - half, 0), np.minimum(centre + half, known.periods)
    around = (sums[high] - sums[low]) / np.maximum(high - low, 1)
    ratio = np.divide(filled, around, out=np.ones_like(filled), where=around > 0)
    whole = (centre >= half) & (centre < known.periods - half)
    parts = _parts(known, known.periods)
    found = [ratio[whole & (parts == part)] for part in range(BUCKETS)]
    return np.array([values.mean() if len(values) else 1.0 for values in found])


def _parts(panel: Panel, periods: int) -> NDArray[np.int64]:
    dates = panel.dates(0, periods)
    day = (dates - dates.astype("datetime64[Y]")).astype("timedelta64[D]").astype(int)
    return np.minimum(day * BUCKETS // 365, BUCKETS - 1)


def _season_factors(known: Panel, year: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """A factor for each phase, (n, season): the series' own, mixed with the pooled one."""
    season = max(1, known.season)
    if season == 1:
        return np.ones((len(known.y), 1))
    recent = slice(max(0, known.periods - max(window, 4 * season)), known.periods)
    values = known.y[:, recent] / year[None, recent]
    phases = np.arange(known.periods)[recent] % season
    sums = np.stack([np.nansum(values[:, phases == phase], axis=1) for phase in range(season)], axis=1)
    counts = np.stack([np.isfinite(values[:, phases == phase]).sum(axis=1) for phase in range(season)], axis=1)
    means = np.divide(sums, counts, out=np.zeros_like(sums, dtype=np.float64), where=counts > 0)
    total = means.sum(axis=0)
    pooled = total * season / total.sum() if total.sum() > 0 else np.ones(season)
    scale = means.mean(axis=1, keepdims=True)
    own = np.divide(means, scale, out=np.tile(pooled, (len(means), 1)), where=scale > 0)
    return (own * counts + pooled * SHRINK) / (counts + SHRINK)
