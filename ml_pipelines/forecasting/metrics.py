"""Errors of forecasts; periods without a known sale do not count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.intervals import LEVEL

type Values = NDArray[np.floating[Any]]

FIGURES = ("wape", "smape", "mape", "bias", "coverage", "interval_score")
"""What `measure` tells; the last two of forecasts with bounds."""


def measure(y: Values, point: Values, lower: Values | None, upper: Values | None) -> dict[str, float]:
    """WAPE, sMAPE, MAPE, bias, coverage and interval score, each a share of 1; NaN where nothing can be measured.

    All arrays have one shape. WAPE is sum|f - y| / sum(y). sMAPE is the mean of 2|f - y| / (|f| + |y|), 0 where both are 0
    (0 to 2, as in Kaggle's store-item contest). MAPE takes rows with y > 0. Bias is sum(f - y) / sum(y). Coverage is the
    share of sales within the bounds. The interval score is sum(`interval_scores`) / sum(y).
    """
    known = np.isfinite(y) & np.isfinite(point)
    sold, told = y[known].astype(np.float64), point[known].astype(np.float64)
    error, size = np.abs(told - sold), np.abs(told) + np.abs(sold)
    some = sold > 0
    found = {
        "wape": _share(error.sum(), sold.sum()),
        "smape": float(np.mean(np.divide(2 * error, size, out=np.zeros_like(size), where=size > 0))) if len(sold) else math.nan,
        "mape": float(np.mean(error[some] / sold[some])) if some.any() else math.nan,
        "bias": _share((told - sold).sum(), sold.sum()),
    }
    if lower is None or upper is None:
        return found
    low, high = lower[known].astype(np.float64), upper[known].astype(np.float64)
    inside = (sold >= low) & (sold <= high)
    coverage = float(inside.mean()) if len(sold) else math.nan
    score = float(interval_scores(sold, low, high).sum())
    return {**found, "coverage": coverage, "interval_score": _share(score, sold.sum())}


def interval_scores(y: Values, lower: Values, upper: Values) -> Values:
    """Width of the interval, and for what lies outside its distance times 2 / (1 - `LEVEL`), in units.

    Its mean is smallest for the true quantiles. Source: Gneiting and Raftery, "Strictly Proper Scoring Rules, Prediction, and
    Estimation" (JASA 2007), 6.2.
    """
    return (upper - lower) + 2 / (1 - LEVEL) * (np.maximum(lower - y, 0) + np.maximum(y - upper, 0))


def wmae(y: Values, point: Values, weight: Values) -> float:
    """Weighted mean absolute error in units, `weight` (periods,); NaN where nothing is known.

    Source: Kaggle's contest "Walmart Recruiting - Store Sales Forecasting", where weeks with a holiday weigh five.
    """
    known = np.isfinite(y) & np.isfinite(point)
    weights = np.where(known, weight, 0)
    return _share(float((np.where(known, np.abs(point - y), 0) * weights).sum(dtype=np.float64)), float(weights.sum()))


def wrmsse(y: Values, point: Values, history: Values) -> float:
    """Root mean squared error of each series in units of its history's changes, weighted by its share of the units sold.

    `history` (n, periods) is what was known before; the weights are of as many of its last periods as `y` has. A series
    whose sales never changed, or that sold nothing lately, does not count. Source: Makridakis, Spiliotis and Assimakopoulos,
    "The M5 competition" (IJF 2022), its lowest level alone.
    """
    off = np.where(np.isfinite(y) & np.isfinite(point), np.square(point - y, dtype=np.float64), np.nan)
    change = np.square(np.diff(history, axis=1), dtype=np.float64)
    rows = np.isfinite(off).any(axis=1) & np.isfinite(change).any(axis=1)
    scale = np.nanmean(change[rows], axis=1)
    weight = np.where(scale > 0, np.nansum(history[rows, -y.shape[1] :], axis=1), 0)
    error = np.sqrt(np.nanmean(off[rows], axis=1) / np.where(scale > 0, scale, 1))
    return _share(float((error * weight).sum()), float(weight.sum()))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
