"""Forecasts of a stored model from the end of a panel, with intervals after what was sold since it was fitted.

`package` starts it in the sources that the model was registered with, when they are not those of today: which features a
model wants is a matter of its code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml_pipelines.forecast_files import Forecasts
from ml_pipelines.forecasting.artefact import Artefact, load_artefact, recalibrated
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.step import arguments, read, run, write

ARRAYS, TOLD = "ahead.npz", "ahead.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """Forecasts, what is told beside them, and whether their intervals were calibrated anew."""

    forecasts: Forecasts
    manifest: Mapping[str, Any]
    recalibrated: bool


def ahead(files: Path, prepared: Prepared) -> Ahead:
    """Forecasts by a registered version's files.

    Raises:
        ArtefactBrokenError: when they are not those that were registered.
    """
    stored = load_artefact(files / trained.ARTEFACT)
    fresh = recalibrated(stored, prepared.panel)
    made = forecasts(fresh, prepared)
    return Ahead(forecasts=made, manifest=manifest(fresh, prepared, made), recalibrated=fresh is not stored)


def forecasts(artefact: Artefact, prepared: Prepared) -> Forecasts:
    """Forecasts that start after the gap that follows the last known period."""
    panel = prepared.panel
    found = artefact.forecast(panel, panel.periods)
    return Forecasts(
        unique_ids=np.array(panel.unique_ids),
        ds=panel.dates(panel.periods + artefact.gap, artefact.horizon),
        point=found.point,
        lower=found.lower,
        upper=found.upper,
    )


def manifest(artefact: Artefact, prepared: Prepared, made: Forecasts) -> dict[str, Any]:
    """What is told beside published forecasts: by which model, of which content, for when."""
    series, periods = made.point.shape
    return {
        "horizon": artefact.horizon,
        "gap": artefact.gap,
        "rung": artefact.rung,
        "content_hash": prepared.facts.content_hash,
        "frequency": prepared.panel.frequency,
        "first": str(made.ds[0]),
        "last": str(made.ds[-1]),
        "series": series,
        "periods": periods,
    }


def load(folder: Path) -> Ahead:
    """What the process left."""
    told = read(folder, TOLD)
    return Ahead(forecasts=Forecasts.of((folder / ARRAYS).read_bytes()), **told)


def step(given: argparse.Namespace) -> dict[str, Any]:
    """Write the forecasts, and what is told of them."""
    made = ahead(given.files, Prepared.load(given.prepared))
    told = {"manifest": dict(made.manifest), "recalibrated": made.recalibrated}
    write(given.out, TOLD, told)
    (given.out / ARRAYS).write_bytes(made.forecasts.content())
    return told


def main(words: Sequence[str] | None = None) -> int:
    """Entry point."""
    return run(step, arguments("ahead", folders=("files", "prepared", "out")), words)


if __name__ == "__main__":
    sys.exit(main())
