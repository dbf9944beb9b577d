"""Forecasts of the champion on newer data: its stored artefact, not fitted again, with intervals after what was sold since."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from contracts.events import DataVersion
from ml_pipelines.forecast_files import Forecasts, ForecastsMissingError, Place, current, publish
from ml_pipelines.forecasting.artefact import Artefact, load_artefact, recalibrated
from ml_pipelines.registry import Registry, Role, Version
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared


def refresh(registry: Registry, prepared: Prepared, url: str) -> dict[str, Any] | None:
    """Publish the newest champion's forecasts from this panel and move its pointer; None without a champion.

    Nothing is written when the pointer names this data version or a later one, or a panel of another frequency.

    Raises:
        FilesMissingError: when the champion's files are gone.
        ArtefactBrokenError: when they are not those that were registered.
    """
    champion = next((version for version in registry.versions() if version.role is Role.CHAMPION), None)
    if champion is None:
        return None
    told = {"model": champion.model, "version": champion.number}
    if reason := _needless(champion, prepared, url):
        return told | {"refreshed": False, "reason": reason}
    with tempfile.TemporaryDirectory() as scratch:
        stored = load_artefact(registry.fetch(champion, Path(scratch)) / trained.ARTEFACT)
    fresh = recalibrated(stored, prepared.panel)
    place = Place(model=champion.model, version=champion.number, data_version=prepared.facts.version)
    made = forecasts(fresh, prepared)
    published = publish(url, place, made, manifest(fresh, prepared, made, champion.run_id))
    return told | {"refreshed": True, "recalibrated": fresh is not stored, **asdict(published)}


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


def manifest(artefact: Artefact, prepared: Prepared, made: Forecasts, run_id: str) -> dict[str, Any]:
    """What is told beside published forecasts: by which model, of which content, for when."""
    series, periods = made.point.shape
    return {
        "horizon": artefact.horizon,
        "gap": artefact.gap,
        "rung": artefact.rung,
        "content_hash": prepared.facts.content_hash,
        "run_id": run_id,
        "frequency": prepared.panel.frequency,
        "first": str(made.ds[0]),
        "last": str(made.ds[-1]),
        "series": series,
        "periods": periods,
    }


def _needless(champion: Version, prepared: Prepared, url: str) -> str:
    """Why the champion's forecasts stay as they are; empty when they are to be made anew."""
    try:
        _, held = current(url, champion.model, champion.number)
    except ForecastsMissingError:
        return ""
    named, ours = DataVersion.parse(str(held["data_version"])), prepared.facts.version
    if named.table == ours.table and named.version >= ours.version:
        return f"its forecasts are from {named}"
    if held["frequency"] != prepared.panel.frequency:
        return f"it forecasts {held['frequency']} periods, and these are {prepared.panel.frequency}"
    return ""
