"""The methods that a model must be worth more than, each from the judged cutoff and on what was known at it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.steps.measured import SEASONAL_NAIVE
from ml_pipelines.steps.prepared import Prepared


def naives(prepared: Prepared) -> dict[str, NDArray[np.float32]]:
    """Point forecasts (n, h) by method: seasonal naive one season and one year back, multiplicative level, median."""
    panel, cutoff, facts = prepared.panel, prepared.cutoff, prepared.facts
    lags = sorted(lag for lag in {max(1, panel.season), panel.yearly} if lag == panel.season or lag <= cutoff)
    found = {f"{SEASONAL_NAIVE}{lag}": SeasonalNaive(lag=lag).forecast(panel, cutoff, facts.horizon, facts.gap) for lag in lags}
    level = MultiplicativeLevel.fit(panel.until(cutoff)).forecast(panel, cutoff, facts.horizon, facts.gap)
    median = np.repeat(_medians(panel.y[:, :cutoff])[:, None], facts.horizon, axis=1)
    return {**found, "multiplicative_level": level, "series_median": median}


def _medians(known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each series' known values, (n,); 0 where nothing is known."""
    empty = np.isnan(known).all(axis=1)
    return np.nanmedian(np.where(empty[:, None], 0, known), axis=1).astype(np.float32)
