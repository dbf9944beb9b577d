"""Small panels with a season, a trend and a promotion known ahead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ml_pipelines.forecasting.panel import Panel

GRIDS = {
    "daily": (np.arange("2024-01-01", "2026-01-01", dtype="datetime64[D]"), 7),
    "weekly": (np.arange("2021-01-07", "2024-01-07", 7, dtype="datetime64[D]"), 1),
    "monthly": (np.arange("2015-01", "2025-01", dtype="datetime64[M]"), 12),
}
"""Dates and season by frequency."""


@pytest.fixture
def panel() -> Callable[..., Panel]:
    """Make a panel of Poisson sales; the same arguments give the same panel."""

    def make(series: int = 30, periods: int = 240, frequency: str = "daily", *, seed: int = 1, prefix: str = "") -> Panel:
        rng = np.random.default_rng(seed)
        dates, season = GRIDS[frequency]
        ds = dates[:periods].astype("datetime64[s]")
        promo = (rng.random((series, periods)) < 0.1).astype(np.float32)
        wave = 1 + 0.4 * np.sin(2 * np.pi * np.arange(periods) / max(season, 4))
        mean = rng.uniform(2, 60, (series, 1)) * wave * (1 + promo)
        names = [(f"{prefix}s{index % 5}", f"{prefix}i{index // 5}") for index in range(series)]
        return Panel(
            unique_ids=tuple(f"{store}_{item}" for store, item in names),
            stores=tuple(store for store, _ in names),
            items=tuple(item for _, item in names),
            ds=ds,
            y=rng.poisson(mean).astype(np.float32),
            covariates={"promo": promo},
            frequency=frequency,
            season=season,
        )

    return make
