"""Intervals by split conformal prediction: quantiles of normalised residuals, pooled over series of like volume.

Source: Lei et al., "Distribution-free predictive inference for regression" (JASA 2018), split conformal; pooled within
bins of the forecast's size, because the spread of sales follows their size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.gate.evidence import Values

LEVEL = 0.90
_MOST_BINS, _ROWS_PER_BIN = 10, 150
_HALVINGS = 12
"""Of the range that the tails' share is sought in: to a hundred-thousandth."""


@dataclass(frozen=True, kw_only=True)
class Intervals:
    """Bins of forecasts by their inner `edges`, and for each the lower and upper quantile of residual / sqrt(forecast + 1)."""

    edges: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]

    def bounds(self, point: Values) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lower and upper bounds, never below 0; the forecast lies between them even where the residuals leaned to one side."""
        bins, scale = np.searchsorted(self.edges, point), np.sqrt(np.maximum(point, 0) + 1)
        lower = np.clip(point + np.asarray(self.lower)[bins] * scale, 0, np.maximum(point, 0))
        upper = np.maximum(point + np.asarray(self.upper)[bins] * scale, point)
        return lower.astype(np.float32), upper.astype(np.float32)

    def json(self) -> dict[str, list[float]]:
        """The three lists."""
        return {"edges": list(self.edges), "lower": list(self.lower), "upper": list(self.upper)}

    @classmethod
    def of(cls, body: dict[str, Any]) -> Intervals:
        """Read `json` back."""
        return cls(**{name: tuple(float(value) for value in body[name]) for name in ("edges", "lower", "upper")})


def calibrate(y: Values, point: Values, level: float = LEVEL) -> Intervals:
    """Fit bins and quantiles on forecasts and what was sold, of any one shape; without rows the bounds are the forecast."""
    known = np.isfinite(y) & np.isfinite(point)
    sold, told = y[known].astype(np.float64), point[known].astype(np.float64)
    count = int(np.clip(len(sold) // _ROWS_PER_BIN, 1, _MOST_BINS))
    edges = np.unique(np.quantile(told, np.arange(1, count) / count)) if len(told) else np.empty(0)
    bins = np.searchsorted(edges, told)
    found = [_tails(sold[bins == index], told[bins == index], level) for index in range(len(edges) + 1)]
    return Intervals(edges=tuple(map(float, edges)), lower=tuple(low for low, _ in found), upper=tuple(high for _, high in found))


def _tails(sold: NDArray[np.float64], told: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Lower and upper quantile of one bin, the narrowest pair of equal tails that holds `level` of its rows.

    Sales end at 0 and come in whole units, so that of slow sellers the lower tail misses nothing; equal tails of half the
    rest would hold more than was asked for.
    """
    if not len(sold):
        return 0.0, 0.0
    residual = _normalised(sold, told)
    # The finite-sample correction of split conformal prediction.
    wanted = min(1.0, level * (1 + 1 / len(sold)))
    least, most = wanted, (1 + wanted) / 2
    for _ in range(_HALVINGS):
        share = (least + most) / 2
        held = _held(sold, told, *np.quantile(residual, [1 - share, share]))
        least, most = (least, share) if held >= wanted else (share, most)
    low, high = np.quantile(residual, [1 - most, most])
    return float(low), float(high)


def _held(sold: NDArray[np.float64], told: NDArray[np.float64], low: float, high: float) -> float:
    """Share of sales within the bounds that `Intervals.bounds` gives for these quantiles."""
    lower, upper = Intervals(edges=(), lower=(low,), upper=(high,)).bounds(told)
    return float(((lower <= sold) & (sold <= upper)).mean())


def _normalised(sold: Values, told: Values) -> NDArray[np.float64]:
    return (sold - told) / np.sqrt(np.maximum(told, 0) + 1)
