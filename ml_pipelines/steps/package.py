"""Step `package`: forecasts of a newly registered version and its image; fresh forecasts of the champion from newer data.

Where nothing was registered, it finishes a challenger that an earlier run registered and left without an image.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ml_pipelines.forecast_files import Place, publish
from ml_pipelines.login import storage_login
from ml_pipelines.registry import Registry, Version
from ml_pipelines.steps import imaged, trained
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.register import REGISTERED
from ml_pipelines.steps.step import arguments, read, run, write

PACKAGED = "packaged.json"


def package(given: argparse.Namespace) -> dict[str, Any]:
    """Write the folder `packaged`; when a version was registered, its forecasts, then the image; then the champion's forecasts.

    Without a registry there is no image, and `image` is null in packaged.json. `refreshed` tells of the champion, `finished`
    of a challenger that had no image; an experiment leaves both alone.

    Raises:
        FourPartError: when the image can't be built, or a version's files can't be had; what was published before stays.
    """
    from ml_pipelines.steps.finished import finish
    from ml_pipelines.steps.refreshed import refresh

    registered, prepared = read(given.registered, REGISTERED), Prepared.load(given.prepared)
    told = {"packaged": registered["registered"], "decision": registered["decision"]}
    storage_login(given.forecasts_url)
    if registered["registered"]:
        told |= _published(given, prepared, registered)
    if "experiment" not in registered:
        registry = Registry(given.model_name)
        told["refreshed"] = refresh(registry, given.prepared, given.forecasts_url)
        if given.registry and not registered["registered"]:
            told["finished"] = finish(registry, given.prepared, given.forecasts_url, given.registry)
    write(given.packaged, PACKAGED, told)
    return told


def _published(given: argparse.Namespace, prepared: Prepared, registered: dict[str, Any]) -> dict[str, Any]:
    from ml_pipelines.forecasting.artefact import load_artefact
    from ml_pipelines.steps.ahead import forecasts, manifest

    artefact, data_version = load_artefact(given.model / trained.ARTEFACT), prepared.facts.version
    made = forecasts(artefact, prepared)
    facts = manifest(artefact, prepared, made)
    facts |= {"run_id": registered["run_id"], "recipe": trained.facts(given.model).recipe}
    version = Version(model=given.model_name, number=registered["version"], run_id=registered["run_id"])
    place = Place(model=version.model, version=version.number, data_version=data_version)
    published = asdict(publish(given.forecasts_url, place, made, facts))
    image = imaged.build(given.registry, version, data_version, given.model / trained.ARTEFACT) if given.registry else None
    series, periods = made.point.shape
    return {**published, "series": series, "periods": periods, "image": image}


def main(words: Sequence[str] | None = None) -> int:
    """Entry point of the step."""
    folders = ("prepared", "model", "registered", "packaged")
    parser = arguments("package", folders=folders, texts=("forecasts-url", "model-name"))
    parser.add_argument("--registry", default="", help="ARM id of the container registry; no image without it")
    return run(package, parser, words)


if __name__ == "__main__":
    sys.exit(main())
