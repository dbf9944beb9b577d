"""Seasonal naive: the newest known value of the same phase."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml_pipelines.forecasting.panel import Cells, Panel

_FILE, _LOOK_BACK = "seasonal_naive.json", 3


@dataclass(frozen=True, kw_only=True)
class SeasonalNaive:
    """`lag` in periods."""

    lag: int

    @classmethod
    def fit(cls, panel: Panel) -> SeasonalNaive:
        """Take the panel's season."""
        return cls(lag=max(1, panel.season))

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """Values `lag` periods before, or as many whole lags as it takes to be known; then the series' mean, then 0."""
        known = panel.y[:, :cutoff]
        steps = gap + 1 + np.arange(horizon)
        found = np.full((len(known), horizon), np.nan, dtype=np.float32)
        for back in range(_LOOK_BACK):
            index = cutoff - 1 + steps - (np.ceil(steps / self.lag).astype(int) + back) * self.lag
            values = np.where(index >= 0, known[:, np.maximum(index, 0)], np.nan) if cutoff else found
            found = np.where(np.isnan(found), values, found)
        counts = np.isfinite(known).sum(axis=1)
        means = np.divide(np.nansum(known, axis=1), counts, out=np.zeros(len(known), dtype=np.float32), where=counts > 0)
        return np.where(np.isnan(found), means[:, None], found).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the lag."""
        (folder / _FILE).write_text(json.dumps({"lag": self.lag}))

    @classmethod
    def load(cls, folder: Path) -> SeasonalNaive:
        """Read the lag."""
        return cls(lag=int(json.loads((folder / _FILE).read_text())["lag"]))
