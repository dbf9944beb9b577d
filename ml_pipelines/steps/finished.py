"""What an earlier run left undone: a challenger whose run ended before its image was built."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from contracts.events import DataVersion
from ml_pipelines.forecast_files import ForecastsMissingError, current
from ml_pipelines.registry import Registry, Role, Version
from ml_pipelines.steps import imaged, trained
from ml_pipelines.steps.refreshed import renewed


def finish(registry: Registry, folder: Path, url: str, registry_id: str) -> dict[str, Any] | None:
    """Publish a challenger's forecasts and build its image when its run tells of none; None with nothing to finish.

    Only the newest version in use is finished: one that is older than the champion must not take its place. `folder` is the step's `prepared`. A training that is tried again fits nothing (`no_change`), so without this the version
    that the failed one registered would never come to a release.

    Raises:
        FilesMissingError: when the version's files are gone.
        FourPartError: when there is no image.
    """
    version = _unfinished(registry)
    if version is None:
        return None
    told = renewed(registry, version, folder, url)
    data_version = _forecast_from(version, url)
    image = _image(registry, version, data_version, registry_id) if data_version else None
    return told | {"image": image}


def _unfinished(registry: Registry) -> Version | None:
    for version in registry.versions():
        if version.role is Role.CHAMPION:
            return None
        if version.role is Role.CHALLENGER:
            return None if imaged.DIGEST in registry.run_tags(version) else version
    return None


def _forecast_from(version: Version, url: str) -> DataVersion | None:
    """The data version that its forecasts are from; None without forecasts, which a release would wait for in vain."""
    try:
        _, held = current(url, version.model, version.number)
    except ForecastsMissingError:
        return None
    return DataVersion.parse(str(held["data_version"]))


def _image(registry: Registry, version: Version, data_version: DataVersion, registry_id: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        files = registry.fetch(version, Path(scratch))
        return imaged.build(registry_id, version, data_version, files / trained.ARTEFACT)
