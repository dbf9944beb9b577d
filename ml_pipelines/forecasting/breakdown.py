"""Where the errors of a judged model lie: by series, by store and item, and by period ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.metrics import measure

type Values = NDArray[np.floating[Any]]
type Figure = float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Judgement:
    """Sales `y` (n, origins * horizon), NaN where unknown, of n series, and what was told of them; `points` by method."""

    y: Values
    point: Values
    lower: Values
    upper: Values
    points: Mapping[str, Values]
    horizon: int


def by_series(judged: Judgement, names: Sequence[str]) -> dict[str, float]:
    """WAPE by series; one without known sales is left out."""
    rows = (measure(y, point, None, None)["wape"] for y, point in zip(judged.y, judged.point, strict=True))
    return {name: float(wape) for name, wape in zip(names, rows, strict=True) if math.isfinite(wape)}


def by_key(judged: Judgement, keys: Sequence[str]) -> dict[str, dict[str, Figure]]:
    """Series, units sold, WAPE, bias and coverage by value of a key (n,): its store, or its item."""
    column = np.asarray(keys, dtype=object)
    return {key: _figures(judged, column == key) for key in sorted(set(keys))}


def by_horizon(judged: Judgement) -> dict[str, list[Figure]]:
    """Absolute error by method and period ahead, over all series and origins, as a share of what a period sells in the mean.

    A share of the period's own sales would tell of days when all is shut, and of nothing else. None without sales.
    """
    mean = float(np.nansum(judged.y, dtype=np.float64)) / judged.y.shape[1]
    ahead = {name: _absolute(judged.y, point).reshape(-1, judged.horizon).mean(axis=0) for name, point in judged.points.items()}
    return {name: [float(value) / mean if mean > 0 else None for value in values] for name, values in ahead.items()}


def _figures(judged: Judgement, rows: NDArray[np.bool_]) -> dict[str, Figure]:
    found = measure(judged.y[rows], judged.point[rows], judged.lower[rows], judged.upper[rows])
    told = {name: found[name] if math.isfinite(found[name]) else None for name in ("wape", "bias", "coverage")}
    return {"series": float(rows.sum()), "sold": float(np.nansum(judged.y[rows], dtype=np.float64)), **told}


def _absolute(y: Values, point: Values) -> Values:
    """Sums of absolute errors by period (h,), unknown sales left out."""
    known = np.isfinite(y) & np.isfinite(point)
    return np.where(known, np.abs(point - y), 0).sum(axis=0, dtype=np.float64)
