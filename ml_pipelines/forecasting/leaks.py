"""Looks for what is not known at the cutoff in a forecast: sales after it, and covariates that are sales by another name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.panel import Panel

type Forecast = Callable[[Panel], NDArray[np.float32]]
"""Point forecasts (n, h) from a panel and one cutoff."""

TELLING = 0.97
"""Correlation of changes from period to period with those of sales from which a covariate is taken for sales themselves: price,
promotion or weather never tell what people buy to that degree, as even a known mean leaves the noise of single purchases."""
LEAST_CELLS = 100
MOST_SERIES = 500
YEARS = 2


def leaks(panel: Panel, cutoff: int, horizon: int, gap: int, forecast: Forecast) -> tuple[str, ...]:
    """In words, what reaches a forecast from the cutoff though it is not known there; empty when nothing does."""
    return (*_of_sales(panel, cutoff, forecast), *_of_covariates(panel, horizon, gap))


def _of_sales(panel: Panel, cutoff: int, forecast: Forecast) -> tuple[str, ...]:
    """Forecast with the sales after the cutoff taken away, and with others in their place: the numbers must not move."""
    gone, other = panel.y.copy(), panel.y.copy()
    gone[:, cutoff:] = np.nan
    other[:, cutoff:] = 1 + 2 * np.nan_to_num(other[:, cutoff:][:, ::-1])
    made = forecast(panel)
    moved = sum(not np.array_equal(made, forecast(replace(panel, y=y)), equal_nan=True) for y in (gone, other))
    return ("other sales after the cutoff change the forecast from it",) if moved else ()


def _of_covariates(panel: Panel, horizon: int, gap: int) -> tuple[str, ...]:
    """Covariates that equal sales of a period that is not known when the covariate's own is forecast, but for their scale."""
    every = -(-len(panel.y) // MOST_SERIES)
    sold = np.diff(panel.y[::every].astype(np.float64))
    found = []
    for name, cells in sorted(panel.covariates.items()):
        given = np.diff(cells[::every, : panel.periods].astype(np.float64))
        ahead = range(1 - horizon - gap, max(horizon, panel.season) + 1)
        likeness = {shift: _likeness(given, sold, shift, YEARS * panel.yearly) for shift in ahead}
        shift = max(likeness, key=lambda shift: (likeness[shift], -abs(shift)))
        strength = likeness[shift]
        if strength >= TELLING:
            found.append(f"covariate {name} is sales {_told(shift)} (correlation {strength:.3f}), which nobody knows ahead")
    return tuple(found)


def _told(shift: int) -> str:
    return "of the same period" if shift == 0 else f"{abs(shift)} periods {'later' if shift > 0 else 'before'}"


def _likeness(given: NDArray[np.float64], sold: NDArray[np.float64], shift: int, width: int) -> float:
    """Absolute correlation of a covariate with sales `shift` periods later, each series' share of the spread alike."""
    end = given.shape[1] - max(shift, 0)
    start = max(end - width, -shift, 0)
    one, two = given[:, start:end], sold[:, start + shift : end + shift]
    known = np.isfinite(one) & np.isfinite(two)
    if end <= start or known.sum() < LEAST_CELLS:
        return 0.0
    one, two = _standard(one, known), _standard(two, known)
    size = np.sqrt((one * one).sum() * (two * two).sum())
    return float(abs((one * two).sum()) / size) if size > 0 else 0.0


def _standard(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Deviations from each row's mean over the known cells in units of its spread, 0 elsewhere."""
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / count
    off = np.where(known, values - mean, 0)
    spread = np.sqrt((off * off).sum(axis=1, keepdims=True) / count)
    return np.divide(off, spread, out=np.zeros_like(off), where=spread > 0)
