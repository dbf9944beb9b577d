"""A model made of parts, each fitted on the series of some items alone, so that no node has to hold the rows of all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml_pipelines.forecasting.models import Forecaster, load_forecaster
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.partitions import located

FIRSTS = "parts.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class InParts:
    """Models of one rung, and the first item of each in the order of the items' names."""

    first: tuple[str, ...]
    parts: tuple[Forecaster, ...]

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """Each series from its item's part; an unseen item's from the part of the item that comes before it by name."""
        part = located(panel.items, self.first)
        made = np.empty((len(panel.y), horizon), dtype=np.float32)
        for number in np.unique(part):
            rows = np.flatnonzero(part == number)
            made[rows] = self.parts[number].forecast(panel.only(rows), cutoff, horizon, gap)
        return made

    def save(self, folder: Path) -> None:
        """Write a folder for each part."""
        (folder / FIRSTS).write_text(json.dumps({"first": self.first}))
        for number, part in enumerate(self.parts):
            place = folder / part_name(number)
            place.mkdir(exist_ok=True)
            part.save(place)

    @classmethod
    def load(cls, rung: str, folder: Path) -> InParts:
        """Read them."""
        first = tuple(json.loads((folder / FIRSTS).read_text())["first"])
        return cls(first=first, parts=tuple(load_forecaster(rung, folder / part_name(number)) for number in range(len(first))))


def part_name(number: int) -> str:
    """Name of a part's file or folder."""
    return f"part-{number:05d}"
