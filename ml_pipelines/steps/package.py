"""Step `package`: forecasts of a newly registered version for all series, the pointer to them, and the service's image."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from ml_pipelines.forecast_files import Forecasts, Place, publish
from ml_pipelines.login import storage_login
from ml_pipelines.steps import imaged, trained
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.register import REGISTERED
from ml_pipelines.steps.step import arguments, read, run, write

PACKAGED = "packaged.json"


def package(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `packaged`; when a version was registered, the forecasts, then the image.

    Without a registry there is no image, and `image` is null in packaged.json.

    Raises:
        FourPartError: when the image can't be built; the forecasts are published then.
    """
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
    published = asdict(publish(given.forecasts_url, place, made, manifest))
    return {**published, "series": series, "periods": periods, "image": _image(given, prepared, registered)}


def _image(given: argparse.Namespace, prepared: Prepared, registered: dict[str, Any]) -> dict[str, Any] | None:
    if not given.registry:
        return None
    built = imaged.content(given.model, prepared, registered)
    tag = f"{built.model_version}-{prepared.facts.version.version}"
    return imaged.build(given.registry, built, tag, given.model / trained.ARTEFACT)


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
    parser = arguments("package", folders=folders, texts=("forecasts-url", "model-name"))
    parser.add_argument("--registry", default="", help="ARM id of the container registry; no image without it")
    return run(package, parser, words)


if __name__ == "__main__":
    sys.exit(main())
