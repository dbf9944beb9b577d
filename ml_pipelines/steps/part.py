"""A part of the panel as one file of the folder `parts`, with all that fitting it needs: a mini batch is one file or several."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ml_pipelines.forecasting.in_parts import part_name
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.steps.prepared import Facts

SUFFIX = ".npz"
_TOLD = "told"


@dataclass(frozen=True, kw_only=True)
class Part:
    """The series of some items; `recipe` is the JSON that changes the default recipe, "" for none."""

    number: int
    panel: Panel
    facts: Facts
    recipe: str

    def save(self, folder: Path) -> None:
        """Write the file, without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        told = {"number": self.number, "facts": asdict(self.facts), "recipe": self.recipe, "names": self.panel.names()}
        text = {_TOLD: np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)}
        with (folder / f"{part_name(self.number)}{SUFFIX}").open("wb") as file:
            np.savez(file, allow_pickle=False, **self.panel.arrays(), **text)

    @classmethod
    def load(cls, file: Path) -> Part:
        """Read one file."""
        with np.load(file, allow_pickle=False) as arrays:
            told = json.loads(arrays[_TOLD].tobytes())
            panel = Panel.of_arrays(arrays, told["names"])
        return cls(number=told["number"], panel=panel, facts=Facts(**told["facts"]), recipe=told["recipe"])
