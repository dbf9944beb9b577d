"""The folder `metrics`: figures by method over the last horizon, and the forecasts they were measured on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.breakdown import Judgement, by_horizon, by_key, deciles, intervals_by_horizon
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.gate.evidence import Prediction
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import read, write

METRICS, ARRAYS, BREAKDOWN, LEAKS = "metrics.json", "forecasts.npz", "breakdown.json", "leaks.json"
CHALLENGER, SEASONAL_NAIVE = "challenger", "seasonal_naive_"
PARTS = ("point", "lower", "upper")

type Figures = dict[str, float | None]
type Points = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """`metrics` maps a method to its figures; `naive` is the point forecast (n, h) of the better seasonal naive.

    `leaks` tells in words what reached the challenger's forecast though it was not known.
    """

    metrics: Mapping[str, Figures]
    challenger: Prediction
    naive: NDArray[np.float32]
    leaks: tuple[str, ...]


def figures(y: NDArray[np.float32], forecast: Prediction) -> Figures:
    """The figures of one method: None for what is no finite number, no coverage where there are no bounds."""
    bounds = (forecast.lower, forecast.upper) if np.isfinite(forecast.lower).any() else (None, None)
    return {name: float(value) if math.isfinite(value) else None for name, value in measure(y, forecast.point, *bounds).items()}


def without_bounds(point: NDArray[Any]) -> Prediction:
    """A point forecast as a prediction whose bounds are unknown."""
    unknown = np.full_like(point, np.nan)
    return Prediction(point, unknown, unknown)


def floor(metrics: Mapping[str, Figures]) -> str:
    """The seasonal naive with the smallest WAPE: a model must beat them all to be worth its cost."""
    named = [name for name in metrics if name.startswith(SEASONAL_NAIVE)]
    return min(named, key=lambda name: (_or_worst(metrics[name]["wape"]), name))


def save(folder: Path, metrics: Mapping[str, Figures], challenger: Prediction, points: Mapping[str, NDArray[Any]]) -> None:
    """Write the folder; `points` holds the other methods' point forecasts, (n, h) each."""
    write(folder, METRICS, metrics)
    arrays: dict[str, Any] = {**points, **{f"{CHALLENGER}.{part}": getattr(challenger, part) for part in PARTS}}
    np.savez(folder / ARRAYS, **arrays)


def save_breakdown(folder: Path, prepared: Prepared, challenger: Prediction, points: Mapping[str, NDArray[Any]]) -> None:
    """Write where the challenger's errors lie; the other methods by `horizon` alone.

    `series`, `store`, `item`, `decile` (of what the series sold in the year before the cutoff), `horizon` and, by period
    ahead too, `coverage` and `interval_score`; an entry of the first four is that of `by_key`.
    """
    judged = Judgement(
        y=prepared.actuals(prepared.cutoff),
        point=challenger.point,
        lower=challenger.lower,
        upper=challenger.upper,
        points={CHALLENGER: challenger.point, **points},
        horizon=prepared.facts.horizon,
    )
    panel = prepared.panel
    found = {
        "series": by_key(judged, panel.unique_ids),
        "store": by_key(judged, panel.stores),
        "item": by_key(judged, panel.items),
        "decile": by_key(judged, deciles(_volume(prepared))),
        "horizon": by_horizon(judged),
        **intervals_by_horizon(judged),
    }
    write(folder, BREAKDOWN, found)


def save_leaks(folder: Path, found: Sequence[str]) -> None:
    """Write what was found to leak, in words."""
    write(folder, LEAKS, {"found": list(found)})


def load(folder: Path) -> Measured:
    """Read the folder."""
    metrics: dict[str, Figures] = read(folder, METRICS)
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        challenger = Prediction(*(arrays[f"{CHALLENGER}.{part}"] for part in PARTS))
        leaks = tuple(read(folder, LEAKS)["found"])
        return Measured(metrics=metrics, challenger=challenger, naive=arrays[floor(metrics)], leaks=leaks)


def _volume(prepared: Prepared) -> Points:
    """What each series sold in the year before the cutoff, (n,)."""
    year = prepared.panel.y[:, max(0, prepared.cutoff - prepared.panel.yearly) : prepared.cutoff]
    sold: Points = np.nansum(year, axis=1)
    return sold


def _or_worst(value: float | None) -> float:
    return math.inf if value is None else value
