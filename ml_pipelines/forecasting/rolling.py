"""Rolling origins: one fitted model forecasts a window horizon by horizon, each from what was known by then."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ml_pipelines.forecasting.panel import Cells

type Forecast = Callable[[int], Cells]
"""Point forecasts (n, horizon) from the first so many periods."""


def rolled(forecast: Forecast, cutoff: int, horizon: int, origins: int) -> Cells:
    """Point forecasts (n, origins * horizon): the first from `cutoff`, each next one from a horizon later.

    Source: Tashman, "Out-of-sample tests of forecasting accuracy: an analysis and review" (IJF 2000), fixed-size windows
    without refitting.
    """
    return np.concatenate([forecast(cutoff + number * horizon) for number in range(origins)], axis=1)
