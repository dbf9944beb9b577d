"""Training: the ladder fitted, the cheapest rung that is not clearly beaten chosen, its intervals calibrated, and refitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from contracts.errors import FourPartError
from ml_pipelines.forecasting.calendar_features import NONE, holiday_codes
from ml_pipelines.forecasting.combination import MEMBERS, Combination
from ml_pipelines.forecasting.in_parts import InParts
from ml_pipelines.forecasting.intervals import Intervals, calibrate
from ml_pipelines.forecasting.losses import HOLIDAY_WEIGHT
from ml_pipelines.forecasting.metrics import measure, wmae, wrmsse
from ml_pipelines.forecasting.models import Forecaster
from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.partitions import firsts, partitions
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


class Fits(Protocol):
    """The ladder's models of one panel: fitted as they are asked for, or by other nodes before."""

    def points(self, rung: str) -> Cells:
        """Point forecasts (n, window) of the window before the judged one by the rung fitted before both."""
        ...

    def forecaster(self, rung: str) -> Forecaster:
        """The rung fitted before the judged window."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedHere:
    """Fits each rung when it is asked for."""

    panel: Panel
    recipe: Recipe
    horizon: int
    gap: int
    origins: int

    def points(self, rung: str) -> Cells:
        before, _ = cutoffs(self.panel.periods, self.horizon, self.gap, self.origins)
        return refit(self.panel, self.recipe, rung, before, self.horizon, self.gap, self.origins)

    def forecaster(self, rung: str) -> Forecaster:
        _, last = cutoffs(self.panel.periods, self.horizon, self.gap, self.origins)
        return fitted(rung, self.panel, self.recipe, last, self.horizon, self.gap)


def cutoffs(periods: int, horizon: int, gap: int, origins: int = 1) -> tuple[int, int]:
    """Periods known before the window that a rung is chosen by, and before the last one, which is left to the gate."""
    window = origins * horizon
    last = periods - window - gap
    return last - window - gap, last


def train(panel: Panel, recipe: Recipe, horizon: int, gap: int, origins: int = 1, fits: Fits | None = None) -> Trained:
    """Choose and calibrate on the window before the last, then refit up to the last; the last one is left to the gate.

    A window is `origins` horizons long and forecast from as many origins, each a horizon after the one before. Models are
    fitted here unless `fits` holds them.

    Raises:
        HistoryTooShortError: when nothing is left to fit on before both.
    """
    if panel.periods < least_periods(horizon, gap, origins):
        raise HistoryTooShortError(
            "The history is too short to train on.",
            given=f"{panel.periods} periods, horizon {horizon}, gap {gap}, {origins} origins",
            allowed=f"{LEAST_PERIODS} periods more than twice the horizons of all origins and the gap together",
            remedy="Ingest more history, or pass a shorter horizon.",
        )
    held: Fits = fits or FittedHere(panel=panel, recipe=recipe, horizon=horizon, gap=gap, origins=origins)
    before, last = cutoffs(panel.periods, horizon, gap, origins)
    points = {rung: held.points(rung) for rung in RUNGS if rung in recipe.rungs}
    errors = {rung: _error(recipe.metric, panel, before + gap, point) for rung, point in points.items()}
    rung = choose(errors)
    return Trained(
        rung=rung,
        recipe=recipe,
        forecaster=held.forecaster(rung),
        intervals=calibrate(panel.y[:, before + gap : before + gap + origins * horizon], points[rung]),
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
    """Fit one rung on the first `cutoff` periods, part by part where the recipe asks for parts.

    Raises:
        KeyError: when there is no such rung.
    """
    parts = partitions(panel, recipe.part_series or len(panel.y))
    if len(parts) == 1:
        return _fitted_as_one(rung, panel, recipe, cutoff, horizon, gap)
    made = tuple(_fitted_as_one(rung, panel.only(part), recipe, cutoff, horizon, gap) for part in parts)
    return InParts(first=firsts(panel, parts), parts=made)


def _fitted_as_one(rung: str, panel: Panel, recipe: Recipe, cutoff: int, horizon: int, gap: int) -> Forecaster:
    if rung == "lightgbm":
        # Its library takes a moment to load, and two rungs do without.
        from ml_pipelines.forecasting.gradient_boosting import GradientBoosting

        return GradientBoosting.fit(panel, recipe, cutoff, horizon, gap)
    if rung == "combination":
        return Combination(members={name: _fitted_as_one(name, panel, recipe, cutoff, horizon, gap) for name in MEMBERS})
    return {"seasonal_naive": SeasonalNaive, "multiplicative_level": MultiplicativeLevel}[rung].fit(panel.until(cutoff))


def refit(panel: Panel, recipe: Recipe, rung: str, cutoff: int, horizon: int, gap: int, origins: int = 1) -> Cells:
    """Point forecasts (n, origins * horizon) of a rung fitted anew at a cutoff, rolled on from there."""
    made = fitted(rung, panel, recipe, cutoff, horizon, gap)
    return rolled(lambda at: made.forecast(panel, at, horizon, gap), cutoff, horizon, origins)
