"""Where the errors of a judged model lie: by series, store, item and decile of volume, and by period ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.metrics import interval_scores

type Values = NDArray[np.floating[Any]]
type Figure = float | None

DECILES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """Sales `y` (n, origins * horizon), NaN where unknown, of n series, and what was told of them; `points` by method."""

    y: Values
    point: Values
    lower: Values
    upper: Values
    points: Mapping[str, Values]
    horizon: int

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where a sale and a forecast of it are known."""
        return np.isfinite(self.y) & np.isfinite(self.point)

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Where a known sale lies within its bounds."""
        return self.known & (self.y >= self.lower) & (self.y <= self.upper)

    @property
    def scores(self) -> Values:
        """Interval scores of known sales, else 0."""
        return np.where(self.known, interval_scores(self.y, self.lower, self.upper), 0)


def by_key(judged: Judgement, keys: Sequence[str]) -> dict[str, dict[str, Figure]]:
    """Series, units sold, WAPE, bias, coverage and interval score by value of a key (n,), its store say; as `metrics.measure`."""
    known = judged.known
    sold = np.where(known, judged.y, 0).astype(np.float64)
    off = np.where(known, judged.point, 0) - sold
    columns = {
        "sold": sold,
        "error": np.abs(off),
        "off": off,
        "inside": judged.inside,
        "scores": judged.scores,
        "known": known,
        "series": np.ones((len(sold), 1)),
    }
    values, group = np.unique(np.asarray(keys, dtype=object).astype(str), return_inverse=True)
    sums = {name: np.bincount(group, weights=cells.sum(axis=1)) for name, cells in columns.items()}
    return {str(value): _figures({name: float(found[at]) for name, found in sums.items()}) for at, value in enumerate(values)}


def deciles(volume: Values) -> list[str]:
    """The tenth of the series that each belongs to by its volume (n,), "1" that of the slowest sellers."""
    rank = np.argsort(np.argsort(np.nan_to_num(volume), kind="stable"), kind="stable")
    return [str(1 + int(place) * DECILES // len(rank)) for place in rank]


def intervals_by_horizon(judged: Judgement) -> dict[str, list[Figure]]:
    """Coverage and interval score by period ahead, over all series and origins; None where no sale is known, or none was made.

    The score is a share of what a period sells in the mean, as errors by period ahead are.
    """
    parts = (judged.inside, judged.known, judged.scores)
    sums = [cells.sum(axis=0, dtype=np.float64).reshape(-1, judged.horizon).sum(axis=0) for cells in parts]
    mean = float(np.nansum(judged.y, dtype=np.float64)) / judged.horizon
    return {
        "coverage": [_share(float(part), float(whole)) for part, whole in zip(sums[0], sums[1], strict=True)],
        "interval_score": [_share(float(score), mean) for score in sums[2]],
    }


def by_horizon(judged: Judgement) -> dict[str, list[Figure]]:
    """Absolute error by method and period ahead, over all series and origins, as a share of what a period sells in the mean.

    A share of the period's own sales would tell of days when all is shut, and of nothing else. None without sales.
    """
    mean = float(np.nansum(judged.y, dtype=np.float64)) / judged.y.shape[1]
    ahead = {name: _absolute(judged.y, point).reshape(-1, judged.horizon).mean(axis=0) for name, point in judged.points.items()}
    return {name: [float(value) / mean if mean > 0 else None for value in values] for name, values in ahead.items()}


def _figures(sums: Mapping[str, float]) -> dict[str, Figure]:
    return {
        "series": sums["series"],
        "sold": sums["sold"],
        "wape": _share(sums["error"], sums["sold"]),
        "bias": _share(sums["off"], sums["sold"]),
        "coverage": _share(sums["inside"], sums["known"]),
        "interval_score": _share(sums["scores"], sums["sold"]),
    }


def _share(part: float, whole: float) -> Figure:
    return part / whole if whole else None


def _absolute(y: Values, point: Values) -> Values:
    """Sums of absolute errors by period (h,), unknown sales left out."""
    known = np.isfinite(y) & np.isfinite(point)
    return np.where(known, np.abs(point - y), 0).sum(axis=0, dtype=np.float64)
