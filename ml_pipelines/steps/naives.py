"""The methods that a model must be worth more than, each from the judged origins and on what was known at them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.rolling import Forecast, rolled
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.steps.measured import SEASONAL_NAIVE
from ml_pipelines.steps.prepared import Prepared


def naives(prepared: Prepared) -> dict[str, NDArray[np.float32]]:
    """Point forecasts (n, window) by method: seasonal naive one season and one year back, multiplicative level, median."""
    panel, cutoff, facts = prepared.panel, prepared.cutoff, prepared.facts

    def level(at: int) -> NDArray[np.float32]:
        return MultiplicativeLevel.fit(panel.until(at)).forecast(panel, at, facts.horizon, facts.gap)

    def median(at: int) -> NDArray[np.float32]:
        return np.repeat(_medians(panel.y[:, :at])[:, None], facts.horizon, axis=1)

    methods: dict[str, Forecast] = {f"{SEASONAL_NAIVE}{lag}": _naive(prepared, lag) for lag in _lags(prepared)}
    methods |= {"multiplicative_level": level, "series_median": median}
    return {name: rolled(method, cutoff, facts.horizon, facts.origins) for name, method in methods.items()}


def _lags(prepared: Prepared) -> list[int]:
    panel = prepared.panel
    return sorted(lag for lag in {max(1, panel.season), panel.yearly} if lag == panel.season or lag <= prepared.cutoff)


def _naive(prepared: Prepared, lag: int) -> Forecast:
    panel, facts = prepared.panel, prepared.facts
    return lambda at: SeasonalNaive(lag=lag).forecast(panel, at, facts.horizon, facts.gap)


def _medians(known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each series' known values, (n,); 0 where nothing is known."""
    empty = np.isnan(known).all(axis=1)
    return np.nanmedian(np.where(empty[:, None], 0, known), axis=1).astype(np.float32)
