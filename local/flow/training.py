"""Watches the bus until the training that a features version started has ended, and reads what it decided."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.errors import FourPartError
from contracts.events import AzureEvent, DataVersion, Event, Hub
from local.flow.bus import read, reader
from local.flow.handler import state_of as handler_state
from local.progress import Step
from local.services.cloud import Cloud
from local.services.machine_learning.decisions import decision_of
from local.services.machine_learning.runs import Run, RunKind, Runs, Status

HUBS = (Hub.TRAINING_RUN_COMPLETED,)
PATIENCE_SECONDS = 600.0
NEWLINE = "\n"


class TrainingFailedError(FourPartError):
    """The training of a data version did not come to a decision."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The root run, the event that told of its end, its steps in order, and the content of `decision.json`."""

    run: Run
    event: Event
    steps: tuple[Run, ...]
    decision: Mapping[str, Any]

    @property
    def version_told(self) -> str:
        """The registered version in words; nothing when none was registered."""
        version = (self.event.data.get("runTags") or {}).get("model.version", "")
        return f": {self.decision['model_name']} {version} is a challenger ({self.decision['rung']})" if version else ""


def wait_for_training(cloud: Cloud, features: DataVersion, step: Step, run_id: str = "") -> Trained:
    """Wait until the bus tells that the training of this features version, or of a later one, completed; of one run, if named.

    Raises:
        TrainingFailedError: when the handler has given it up, or nothing comes in time.
    """
    runs, ends = Runs(cloud.store), time.monotonic() + PATIENCE_SECONDS
    with reader(cloud, HUBS) as consumer:
        while time.monotonic() < ends:
            step.detail = f"{features}: {_progress(runs, features)}"
            told = [event for event in read(consumer) if event.type == AzureEvent.RUN_COMPLETED and _speaks_for(event, features)]
            ended = [event for event in told if run_id in {"", event.data["runId"]}]
            if ended:
                return _trained(cloud, runs, ended[-1])
            if (reason := _given_up(cloud, features)) is not None:
                raise _failed(runs, features, reason)
    raise _nothing_came(runs, features)


def _speaks_for(event: Event, features: DataVersion) -> bool:
    """Whether a root pipeline run was started for this features version or a later one of the same table."""
    key = (event.data.get("runTags") or {}).get("effect_key")
    if event.data.get("runType") != RunKind.PIPELINE or not key:
        return False
    version = DataVersion.parse(str(key))
    return version.table == features.table and version.version >= features.version


def _trained(cloud: Cloud, runs: Runs, event: Event) -> Trained:
    run = runs.get(str(event.data["runId"]))
    if run is None:
        raise TrainingFailedError(
            "The bus tells of a run that the workspace does not have.",
            given=str(event.data["runId"]),
            allowed="a run of this stack",
            remedy="make down, then make up",
        )
    return Trained(run=run, event=event, steps=tuple(runs.children(run.run_id)), decision=decision_of(cloud, run.run_id))


def _of(runs: Runs, features: DataVersion) -> list[Run]:
    """Root runs that were started for this features version, the newest first."""
    return [run for run in runs.roots() if runs.texts(run.run_id, "tag").get("effect_key") == str(features)]


def _progress(runs: Runs, features: DataVersion) -> str:
    for run in _of(runs, features)[:1]:
        steps = [f"{child.name} {child.status}" for child in runs.children(run.run_id) if not child.over]
        return ", ".join(steps) or f"pipeline {run.status}"
    return "waiting for the handler to start the pipeline"


def _given_up(cloud: Cloud, features: DataVersion) -> str | None:
    """Why the handler no longer works on this version, in its own words; its status lists latest attempts alone."""
    file = handler_state(cloud) / "status.json"
    told = json.loads(file.read_text()) if file.exists() else {"counts": {"ended_badly": []}}
    found = [item for item in told["counts"]["ended_badly"] if item["effect_key"] == str(features)]
    return str(found[0]["error"]) if found else None


def _failed(runs: Runs, features: DataVersion, reason: str) -> TrainingFailedError:
    found = _of(runs, features)
    steps = [child for run in found[:1] for child in runs.children(run.run_id) if child.status is Status.FAILED]
    told = "; ".join(f"{child.name}: {child.error.strip().rpartition(NEWLINE)[2] or 'no reason given'}" for child in steps)
    return TrainingFailedError(
        f"The training on {features} was given up.",
        given=told or (found[0].error if found and found[0].error else reason),
        allowed="a pipeline run whose steps complete",
        remedy="`make status` names the run; the output of its steps is under machine_learning/jobs of the state directory.",
    )


def _nothing_came(runs: Runs, features: DataVersion) -> TrainingFailedError:
    return TrainingFailedError(
        f"No decision about {features} came in {PATIENCE_SECONDS:.0f} s.",
        given=_progress(runs, features),
        allowed="Microsoft.MachineLearningServices.RunCompleted of a pipeline run tagged with this version",
        remedy="`make status` shows where it stands: the handler's inbox, the runs and their steps.",
    )
