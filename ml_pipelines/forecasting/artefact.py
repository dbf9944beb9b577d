"""The artefact that is judged and ships: model files, intervals and facts, each known by its hash; no pickle anywhere."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from contracts.errors import FourPartError
from ml_pipelines.forecasting.intervals import Intervals, calibrate
from ml_pipelines.forecasting.manifest import MANIFEST, manifest_fault, write_manifest
from ml_pipelines.forecasting.models import Forecaster, load_forecaster
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.training import Trained
from ml_pipelines.gate.evidence import Prediction

_FACTS, _INTERVALS = "artefact.json", "intervals.json"


class ArtefactBrokenError(FourPartError):
    """Files that are not those of the manifest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Artefact:
    """A model that forecasts with intervals, and what it was made from.

    `cutoff_ds` is the start of the first period that it was not fitted on; empty in artefacts that don't tell.
    """

    rung: str
    forecaster: Forecaster
    intervals: Intervals
    cutoff: int
    cutoff_ds: str
    horizon: int
    gap: int
    data_version: str
    content_hash: str

    def forecast(self, panel: Panel, cutoff: int) -> Prediction:
        """Point and bounds (n, horizon) of the periods from `cutoff + gap` on, from the first `cutoff` periods."""
        point = self.forecaster.forecast(panel, cutoff, self.horizon, self.gap)
        return Prediction(point, *self.intervals.bounds(point))

    def judged(self, panel: Panel, cutoff: int, origins: int) -> Prediction:
        """Point and bounds (n, origins * horizon) from rolling origins, the first at `cutoff`; nothing is fitted anew."""
        point = rolled(lambda at: self.forecaster.forecast(panel, at, self.horizon, self.gap), cutoff, self.horizon, origins)
        return Prediction(point, *self.intervals.bounds(point))


def recalibrated(artefact: Artefact, panel: Panel) -> Artefact:
    """The artefact with intervals fitted on all whole horizons after its own cutoff; nothing else of it changes.

    `panel` may begin earlier or later than the one that it was fitted on. Where less than one horizon follows the cutoff,
    or no period starts there, the intervals stay as they were calibrated.
    """
    starts = np.flatnonzero(np.datetime_as_string(panel.ds, unit="s") == artefact.cutoff_ds)
    cutoff = int(starts[0]) if len(starts) else panel.periods
    origins = (panel.periods - cutoff - artefact.gap) // artefact.horizon
    if origins < 1 or cutoff == 0:
        return artefact
    first = cutoff + artefact.gap
    point = artefact.judged(panel, cutoff, origins).point
    return replace(artefact, intervals=calibrate(panel.y[:, first : first + point.shape[1]], point))


def save_artefact(folder: Path, trained: Trained, *, data_version: str, content_hash: str) -> None:
    """Write the files, the manifest last."""
    folder.mkdir(parents=True, exist_ok=True)
    trained.forecaster.save(folder)
    facts = {name: getattr(trained, name) for name in ("rung", "cutoff", "cutoff_ds", "horizon", "gap", "chosen_by")}
    facts |= {"recipe": asdict(trained.recipe), "data_version": data_version, "content_hash": content_hash}
    (folder / _FACTS).write_text(json.dumps(facts, sort_keys=True, indent=2))
    (folder / _INTERVALS).write_text(json.dumps(trained.intervals.json()))
    write_manifest(folder)


def load_artefact(folder: Path) -> Artefact:
    """Read an artefact after its files have been held against the manifest.

    Raises:
        ArtefactBrokenError: when a file is missing or changed.
    """
    _check(folder)
    facts = json.loads((folder / _FACTS).read_text())
    return Artefact(
        forecaster=load_forecaster(facts["rung"], folder),
        intervals=Intervals.of(json.loads((folder / _INTERVALS).read_text())),
        **{name: facts[name] for name in ("rung", "cutoff", "horizon", "gap", "data_version", "content_hash")},
        cutoff_ds=facts.get("cutoff_ds", ""),
    )


def _check(folder: Path) -> None:
    if not (wrong := manifest_fault(folder)):
        return
    raise ArtefactBrokenError(
        "The model's files are not those that were written.",
        given=f"{folder.name}: {wrong}",
        allowed=f"every file of {MANIFEST} with its SHA-256",
        remedy="Fetch the registered version again, or train anew.",
    )
