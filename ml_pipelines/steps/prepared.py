"""The folder `prepared`: the panel, which data it came from, and what is to be forecast."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.events import DataVersion
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.steps.step import read, write

FACTS = "prepared.json"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Which data a panel holds and what is asked of a model; `horizon` and `gap` are in periods, `origins` a number."""

    data_version: str
    content_hash: str
    horizon: int
    gap: int
    origins: int = 1

    @property
    def version(self) -> DataVersion:
        """The data version in its parts."""
        return DataVersion.parse(self.data_version)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A panel of T periods and its facts."""

    panel: Panel
    facts: Facts

    @property
    def cutoff(self) -> int:
        """Number of periods that a judged model is fitted on: the window's actuals are the last periods, after the gap."""
        return self.panel.periods - self.window - self.facts.gap

    @property
    def window(self) -> int:
        """Number of periods that a model is judged on: one horizon for each origin."""
        return self.facts.origins * self.facts.horizon

    def actuals(self, cutoff: int) -> NDArray[np.float32]:
        """What was sold in the window after a cutoff, (n, window)."""
        first = cutoff + self.facts.gap
        return self.panel.y[:, first : first + self.window]

    def save(self, folder: Path) -> None:
        """Write the folder."""
        self.panel.save(folder)
        write(folder, FACTS, asdict(self.facts))

    @classmethod
    def load(cls, folder: Path) -> Prepared:
        """Read the folder."""
        facts: dict[str, Any] = read(folder, FACTS)
        return cls(panel=Panel.load(folder), facts=Facts(**facts))
