"""Training: the ladder fitted, the cheapest rung that is not clearly beaten chosen, its intervals calibrated, and refitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from contracts.errors import FourPartError
from ml_pipelines.forecasting.calendar_features import NONE, holiday_codes
from ml_pipelines.forecasting.intervals import Intervals, calibrate
from ml_pipelines.forecasting.losses import HOLIDAY_WEIGHT
from ml_pipelines.forecasting.metrics import measure, wmae, wrmsse
from ml_pipelines.forecasting.models import Forecaster
from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.recipe import RUNGS, Recipe
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive

WORTH = 0.01
"""A dearer rung has to be better than the cheaper one by this share of its error."""


LEAST_PERIODS = 2
"""One to know, and one to learn from it."""


class HistoryTooShortError(FourPartError):
    """Too few periods to fit on and to choose by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """The chosen rung fitted before the judged window, its intervals, and the error of each rung when it was chosen.

    `cutoff_ds` is the start of the first period that it was not fitted on.
    """

    rung: str
    recipe: Recipe
    forecaster: Forecaster
    intervals: Intervals
    cutoff: int
    cutoff_ds: str
    horizon: int
    gap: int
    chosen_by: Mapping[str, float]


def train(panel: Panel, recipe: Recipe, horizon: int, gap: int, origins: int = 1) -> Trained:
    """Choose and calibrate on the window before the last, then refit up to the last; the last one is left to the gate.

    A window is `origins` horizons long and forecast from as many origins, each a horizon after the one before.

    Raises:
        HistoryTooShortError: when nothing is left to fit on before both.
    """
    window = origins * horizon
    last = panel.periods - window - gap
    before = last - window - gap
    if panel.periods < least_periods(horizon, gap, origins):
        raise HistoryTooShortError(
            "The history is too short to train on.",
            given=f"{panel.periods} periods, horizon {horizon}, gap {gap}, {origins} origins",
            allowed=f"{LEAST_PERIODS} periods more than twice the horizons of all origins and the gap together",
            remedy="Ingest more history, or pass a shorter horizon.",
        )
    y = panel.y[:, before + gap : before + gap + window]
    points = {rung: refit(panel, recipe, rung, before, horizon, gap, origins) for rung in RUNGS if rung in recipe.rungs}
    errors = {rung: _error(recipe.metric, panel, before + gap, point) for rung, point in points.items()}
    rung = choose(errors)
    return Trained(
        rung=rung,
        recipe=recipe,
        forecaster=fitted(rung, panel, recipe, last, horizon, gap),
        intervals=calibrate(y, points[rung]),
        cutoff=last,
        cutoff_ds=str(panel.ds[last]),
        horizon=horizon,
        gap=gap,
        chosen_by=errors,
    )


def _error(metric: str, panel: Panel, first: int, point: Cells) -> float:
    """The error of forecasts from period `first` on by the metric that a recipe names."""
    last = first + point.shape[1]
    y = panel.y[:, first:last]
    if metric == "wmae":
        return wmae(y, point, np.where(holiday_codes(panel.dates(first, last - first + 1))[:-1] == NONE, 1, HOLIDAY_WEIGHT))
    if metric == "wrmsse":
        return wrmsse(y, point, panel.y[:, :first])
    return measure(y, point, None, None)[metric]


def least_periods(horizon: int, gap: int, origins: int = 1) -> int:
    """Periods that a panel needs to be fitted on, chosen by and judged on."""
    return LEAST_PERIODS + 2 * (origins * horizon + gap)


def choose(errors: Mapping[str, float]) -> str:
    """The cheapest rung that no dearer one beats by `WORTH`; `errors` map rungs to the recipe's metric, the cheapest first."""
    best, least = "", float("inf")
    for rung, error in errors.items():
        if not best or error < least * (1 - WORTH):
            # An error that can't be measured is beaten by any that can.
            best, least = rung, error if error == error else float("inf")  # noqa: PLR0124 - NaN alone differs from itself
    return best


def fitted(rung: str, panel: Panel, recipe: Recipe, cutoff: int, horizon: int, gap: int) -> Forecaster:
    """Fit one rung on the first `cutoff` periods.

    Raises:
        KeyError: when there is no such rung.
    """
    if rung == "lightgbm":
        # Its library takes a moment to load, and two rungs do without.
        from ml_pipelines.forecasting.gradient_boosting import GradientBoosting

        return GradientBoosting.fit(panel, recipe, cutoff, horizon, gap)
    return {"seasonal_naive": SeasonalNaive, "multiplicative_level": MultiplicativeLevel}[rung].fit(panel.until(cutoff))


def refit(panel: Panel, recipe: Recipe, rung: str, cutoff: int, horizon: int, gap: int, origins: int = 1) -> Cells:
    """Point forecasts (n, origins * horizon) of a rung fitted anew at a cutoff, rolled on from there."""
    made = fitted(rung, panel, recipe, cutoff, horizon, gap)
    return rolled(lambda at: made.forecast(panel, at, horizon, gap), cutoff, horizon, origins)
