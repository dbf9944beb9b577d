"""Step `package`: forecasts of a newly registered version for all series, and the pointer to them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ml_pipelines.forecast_files import Forecasts, Place, publish
from ml_pipelines.login import storage_login
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.register import REGISTERED
from ml_pipelines.steps.step import arguments, read, run, write

PACKAGED = "packaged.json"


def package(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `packaged`, and the forecasts when a version was registered."""
    registered = read(given.registered, REGISTERED)
    told = {"packaged": registered["registered"], "decision": registered["decision"]}
    if registered["registered"]:
        told |= _published(given, registered)
    write(given.packaged, PACKAGED, told)
    return told


def _published(given: argparse.Namespace, registered: dict[str, Any]) -> dict[str, Any]:
    prepared = Prepared.load(given.prepared)
    facts = trained.facts(given.model)
    made = _forecasts(given, prepared)
    storage_login(given.forecasts_url)
    place = Place(model=given.model_name, version=registered["version"], data_version=prepared.facts.version)
    series, periods = made.point.shape
    manifest = {
        **{name: value for name, value in asdict(facts).items() if name in {"horizon", "gap", "rung", "recipe", "content_hash"}},
        "run_id": registered["run_id"],
        "frequency": prepared.panel.frequency,
        "first": str(made.ds[0]),
        "last": str(made.ds[-1]),
        "series": series,
        "periods": periods,
    }
    return {**asdict(publish(given.forecasts_url, place, made, manifest)), "series": series, "periods": periods}


def _forecasts(given: argparse.Namespace, prepared: Prepared) -> Forecasts:
    """Forecasts that start after the gap that follows the last known period."""
    from ml_pipelines.forecasting.artefact import load_artefact

    panel, facts = prepared.panel, prepared.facts
    known = panel.periods
    found = load_artefact(given.model / trained.ARTEFACT).forecast(panel, known)
    return Forecasts(
        unique_ids=np.array(panel.unique_ids),
        ds=panel.dates(known + facts.gap, facts.horizon),
        point=found.point,
        lower=found.lower,
        upper=found.upper,
    )


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    folders = ("prepared", "model", "registered", "packaged")
    return run(package, arguments("package", folders=folders, texts=("forecasts-url", "model-name")), words)


if __name__ == "__main__":
    sys.exit(main())
