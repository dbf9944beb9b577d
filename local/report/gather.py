"""Gathers what the report shows from the stack's state, its storage and its services; draws nothing."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from contracts.events import DataVersion, OwnEvent
from contracts.outputs import PlatformOutputs
from lineage.lake import Arrival
from local.lifecycle import ROOT
from local.report import estate, lineage, timeline, work
from local.report.access import acting_as
from local.report.content import POLICIES, Content, Series, Values
from local.report.forecasts import FEWEST, HISTORY, Tail, series
from local.report.judged import Judged
from local.report.recorder import FILE as EVENTS, Recorded
from local.services.cloud import Cloud
from ml_pipelines.forecast_files import current
from ml_pipelines.steps.measured import CHALLENGER

RUN = "run.json"


class RunMissingError(FourPartError):
    """There is nothing to report on."""


def gather(cloud: Cloud) -> Content:
    """The report's content, of the latest `make up` of this stack; its services must run.

    Raises:
        RunMissingError: when no `make up` came to its end.
    """
    run, outputs = latest(cloud.state), PlatformOutputs.of(json.loads((cloud.state / "outputs.json").read_text()))
    recorded = Recorded.read(cloud.state / EVENTS)
    drawn = _forecasts(cloud, outputs, run)
    with acting_as(cloud, outputs, "data", outputs.lake_account):
        arrived = Arrival.of(outputs.bronze_url, DataVersion.parse(run["data"]["version"]))
    return Content(
        run=run,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        dots=timeline.dots(recorded, run, timeline.step_names(cloud)),
        spans=work.spans(cloud, recorded, run),
        records=len(recorded.records),
        whose=drawn.whose,
        series=drawn.series,
        by_horizon=drawn.by_horizon,
        lineage=lineage.links(run, arrived, lineage.role_of(cloud, outputs.ml_workspace_id, run)),
        components=estate.components(cloud.state, run["stack"]),
        commit=commit(),
        lock=hashlib.sha256((ROOT / "uv.lock").read_bytes()).hexdigest(),
        silver=_silver(recorded, run),
        breakdown=drawn.breakdown,
        settings={"platform": estate.settings(ROOT), "release": estate.settings(ROOT / "release")},
        policies=_policies(cloud.state),
        cost=estate.costs(cloud.state, run["stack"]),
    )


def commit() -> str:
    """The commit of the work tree, with a mark when files differ from it; empty when it is no work tree of git."""
    told = [_git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")]
    return "" if told[0] is None else f"{told[0]}{' with changes' if told[1] else ''}"


def latest(state: Path) -> dict[str, Any]:
    """The content of a stack's run.json.

    Raises:
        RunMissingError: when no `make up` came to its end.
    """
    file = state / RUN
    if not file.exists():
        raise RunMissingError(
            "There is no finished run to report on.",
            given=f"no {RUN} in {state}",
            allowed="a stack in which `make up` came to its end",
            remedy="Run `make up`.",
        )
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def _silver(recorded: Recorded, run: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the preparation told of the panel of this run; empty when no such event is on the bus."""
    told = (event for _, event in recorded.events if event.type == OwnEvent.DATASET_REGISTERED)
    return next((event.data for event in told if event.dataversion == run["data"]["silver"]), {})


def _policies(state: Path) -> dict[str, Any]:
    """What the last preview found; empty for a platform that was applied before findings were kept."""
    file = state / POLICIES
    return json.loads(file.read_text()) if file.exists() else {}


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """Whose forecasts are drawn, of which series, errors by period ahead by method, and where the errors lie."""

    whose: str = ""
    series: tuple[Series, ...] = ()
    by_horizon: Mapping[str, Values] = field(default_factory=dict)
    breakdown: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _forecasts(cloud: Cloud, outputs: PlatformOutputs, run: Mapping[str, Any]) -> _Drawn:
    """Forecasts of the model version that stands, else of the model that was kept out."""
    model = run["model"]
    judged = Judged.of(cloud, run["training"]["run"])
    published, shown, whose = None, judged, f"the {CHALLENGER}, which was kept out"
    if model["version"]:
        with acting_as(cloud, outputs, "scoring", outputs.ml_storage_account):
            published, manifest = current(outputs.forecasts_url, model["name"], model["version"])
        shown, whose = Judged.of(cloud, str(manifest["run_id"])), f"{model['name']} {model['version']}"
    horizon = len(published.ds) if published else len(judged.ds) if judged else 0
    if not horizon:
        return _Drawn()
    with acting_as(cloud, outputs, "data", outputs.lake_account):
        tail = Tail.read(outputs.silver_url, DataVersion.parse(run["data"]["silver"]), max(FEWEST, HISTORY * horizon))
    methods = (CHALLENGER, *([model["naive"]] if model["naive"] else []), "multiplicative_level")
    drawn = _Drawn(whose=whose, series=series(tail, published, shown))
    return replace(drawn, by_horizon=judged.by_horizon(methods), breakdown=judged.breakdown) if judged else drawn


def _git(*arguments: str) -> str | None:
    """What git prints, or None without git or outside of a work tree."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)  # noqa: S607
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
