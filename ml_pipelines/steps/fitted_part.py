"""What is fitted of a part: the models of all rungs and their forecasts of the window that a rung is chosen by.

Which rung is best can only be told when all parts are together, so that each is fitted; the cheap ones cost nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contracts.errors import FourPartError
from ml_pipelines.forecasting.in_parts import InParts, part_name
from ml_pipelines.forecasting.manifest import manifest_fault, write_manifest
from ml_pipelines.forecasting.models import Forecaster, load_forecaster
from ml_pipelines.forecasting.panel import Cells
from ml_pipelines.forecasting.partitions import firsts, partitions
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import FittedHere
from ml_pipelines.steps.part import Part
from ml_pipelines.steps.prepared import Facts, Prepared
from ml_pipelines.steps.step import read, write

TOLD, POINTS = "part.json", "points.npz"


class PartsRefusedError(FourPartError):
    """Fitted parts that are not those of the panel and recipe, or not all of them."""


def fit(part: Part, folder: Path) -> None:
    """Write the part's folder below `folder`, its manifest last; what an earlier try left goes first.

    Raises:
        FourPartError: when the recipe can't be used.
    """
    place, recipe, facts = folder / part_name(part.number), Recipe.of(part.recipe), part.facts
    shutil.rmtree(place, ignore_errors=True)
    fits = FittedHere(panel=part.panel, recipe=recipe, horizon=facts.horizon, gap=facts.gap, origins=facts.origins)
    points = {}
    for rung in recipe.rungs:
        (place / rung).mkdir(parents=True)
        fits.forecaster(rung).save(place / rung)
        points[rung] = fits.points(rung)
    np.savez(place / POINTS, allow_pickle=False, **points)
    write(place, TOLD, _told(facts, recipe))
    write_manifest(place)


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedParts:
    """The fitted parts of a panel, as one node would have fitted them; `rows` are those of each part."""

    folders: tuple[Path, ...]
    rows: tuple[NDArray[np.int64], ...]
    first: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path, prepared: Prepared, recipe: Recipe) -> FittedParts:
        """The parts below a folder.

        Raises:
            PartsRefusedError: when one is missing, changed or fitted from other data or by another recipe.
        """
        rows = partitions(prepared.panel, recipe.part_series or len(prepared.panel.y))
        folders = tuple(folder / part_name(number) for number in range(len(rows)))
        for place in folders:
            if fault := _fault(place, _told(prepared.facts, recipe)):
                raise _refused(place, fault, len(rows))
        return cls(folders=folders, rows=tuple(rows), first=firsts(prepared.panel, rows))

    def points(self, rung: str) -> Cells:
        """Forecasts of all series, (n, window), each from its part."""
        found = [_points(folder, rung) for folder in self.folders]
        made = np.empty((sum(map(len, self.rows)), found[0].shape[1]), dtype=np.float32)
        for rows, points in zip(self.rows, found, strict=True):
            made[rows] = points
        return made

    def forecaster(self, rung: str) -> Forecaster:
        """The parts' models as one."""
        parts = tuple(load_forecaster(rung, folder / rung) for folder in self.folders)
        return parts[0] if len(parts) == 1 else InParts(first=self.first, parts=parts)


def _told(facts: Facts, recipe: Recipe) -> dict[str, object]:
    return {**asdict(facts), "recipe": recipe.hash}


def _points(folder: Path, rung: str) -> Cells:
    with np.load(folder / POINTS, allow_pickle=False) as arrays:
        found: Cells = arrays[rung]
    return found


def _fault(place: Path, wanted: dict[str, object]) -> str:
    return manifest_fault(place) or ("" if read(place, TOLD) == wanted else "other data or another recipe")


def _refused(place: Path, fault: str, count: int) -> PartsRefusedError:
    return PartsRefusedError(
        "The parts that were fitted can't be joined to one model.",
        given=f"{place.name}: {fault}",
        allowed=f"{count} parts of one panel and recipe, each with its manifest",
        remedy="Look at the log of the step `fit`; start the training again without step reuse (setting force_rerun).",
    )
