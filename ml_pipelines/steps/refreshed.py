"""Forecasts of a registered version on newer data: its stored artefact, not fitted again, under its pointer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contracts.events import DataVersion
from ml_pipelines.forecast_files import ForecastsMissingError, Place, current, publish
from ml_pipelines.registry import Registry, Role, Version
from ml_pipelines.steps import trained
from ml_pipelines.steps.ahead import Ahead, ahead, load
from ml_pipelines.steps.prepared import Prepared


def refresh(registry: Registry, folder: Path, url: str) -> dict[str, Any] | None:
    """Publish the newest champion's forecasts from a panel, as `renewed` does; None without a champion."""
    champion = next((version for version in registry.versions() if version.role is Role.CHAMPION), None)
    return renewed(registry, champion, folder, url) if champion else None


def renewed(registry: Registry, version: Version, folder: Path, url: str) -> dict[str, Any]:
    """Publish a version's forecasts from a panel and move its pointer.

    `folder` is the step's `prepared`. Nothing is written when the pointer names its data version or a later one or a panel
    of another frequency, or when the version's sources can't forecast; `reason` says so.

    Raises:
        FilesMissingError: when the version's files are gone.
        ArtefactBrokenError: when they are not those that were registered.
    """
    prepared = Prepared.load(folder)
    told = {"model": version.model, "version": version.number, "refreshed": False}
    if reason := _needless(version, prepared, url):
        return told | {"reason": reason}
    with tempfile.TemporaryDirectory() as scratch:
        files = registry.fetch(version, Path(scratch))
        own = trained.facts(files).code != trained.code()
        made = _in_its_sources(files, folder) if own else ahead(files, prepared)
    if isinstance(made, str):
        return told | {"reason": made}
    place = Place(model=version.model, version=version.number, data_version=prepared.facts.version)
    published = publish(url, place, made.forecasts, {**made.manifest, "run_id": version.run_id})
    return told | {"refreshed": True, "recalibrated": made.recalibrated, **asdict(published)}


def _in_its_sources(files: Path, folder: Path) -> Ahead | str:
    """Forecasts by a process of the sources that the version was registered with, or the end of what it said instead."""
    code, out = files / "sources", files / "ahead"
    with zipfile.ZipFile(files / trained.CODE) as archive:
        archive.extractall(code)
    places = [f"--files={files.absolute()}", f"--prepared={folder.absolute()}", f"--out={out.absolute()}"]
    command = [sys.executable, "-m", "ml_pipelines.steps.ahead", *places]
    done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return f"its sources say: {done.stderr.strip()[-300:]}" if done.returncode else load(out)


def _needless(registered: Version, prepared: Prepared, url: str) -> str:
    """Why a version's forecasts stay as they are; empty when they are to be made anew."""
    try:
        _, held = current(url, registered.model, registered.number)
    except ForecastsMissingError:
        return ""
    named, ours = DataVersion.parse(str(held["data_version"])), prepared.facts.version
    if named.table == ours.table and named.version >= ours.version:
        return f"its forecasts are from {named}"
    if held["frequency"] != prepared.panel.frequency:
        return f"it forecasts {held['frequency']} periods, and these are {prepared.panel.frequency}"
    return ""
