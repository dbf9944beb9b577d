"""What every rung of the ladder offers, and how a stored one is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ml_pipelines.forecasting.panel import Cells, Panel


class Forecaster(Protocol):
    """A fitted model. It forecasts any panel of the same frequency and covariates, other series included."""

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """Point forecasts (n, horizon) of periods `cutoff + gap` on, from the first `cutoff` periods of `panel`."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model's files; JSON, text and arrays without pickle."""
        ...


def load_forecaster(rung: str, folder: Path) -> Forecaster:
    """Read the model of a rung, made of parts or not.

    Raises:
        KeyError: when there is no such rung.
    """
    from ml_pipelines.forecasting.combination import Combination
    from ml_pipelines.forecasting.gradient_boosting import GradientBoosting
    from ml_pipelines.forecasting.in_parts import FIRSTS, InParts
    from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
    from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive

    if (folder / FIRSTS).exists():
        return InParts.load(rung, folder)
    kinds = {
        "seasonal_naive": SeasonalNaive,
        "multiplicative_level": MultiplicativeLevel,
        "lightgbm": GradientBoosting,
        "combination": Combination,
    }
    forecaster: Forecaster = kinds[rung].load(folder)
    return forecaster
