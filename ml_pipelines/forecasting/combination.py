"""The mean of the level's and LightGBM's forecasts: errors of one that the other does not share cancel.

Weights are equal, since weights that are estimated err more than they gain (Smith and Wallis, "A simple explanation of the
forecast combination puzzle", Oxford Bulletin of Economics and Statistics 71, 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml_pipelines.forecasting.models import Forecaster, load_forecaster
from ml_pipelines.forecasting.panel import Cells, Panel

MEMBERS = ("multiplicative_level", "lightgbm")
"""Rungs whose forecasts are averaged."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Combination:
    """A fitted model for each member."""

    members: Mapping[str, Forecaster]

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """The mean over the members."""
        made: Cells = np.mean([self.members[rung].forecast(panel, cutoff, horizon, gap) for rung in MEMBERS], axis=0)
        return made.astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write a folder for each member."""
        for rung in MEMBERS:
            (folder / rung).mkdir(exist_ok=True)
            self.members[rung].save(folder / rung)

    @classmethod
    def load(cls, folder: Path) -> Combination:
        """Read them."""
        return cls(members={rung: load_forecaster(rung, folder / rung) for rung in MEMBERS})
