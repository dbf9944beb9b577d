"""Routes of training: registered features start it, and what its run came to is noted; only root runs count."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from contracts.events import AzureEvent, DataVersion, Event, Hub, OwnEvent
from contracts.names import SILVER
from events.envelope import text, trace
from events.errors import RefusedError
from events.routes import FEATURES_REGISTERED, STARTED, TRAINING_COMPLETED, TRAINING_FAILED, Ending, Outcome, Route, Work
from events.targets.databricks import PREPARE_JOB

_TABLE, _SENDER = f"{SILVER}/features", f"/data-ops/{PREPARE_JOB}"
_VERSION = re.compile(rf"{_TABLE}@(?:0|[1-9]\d{{0,17}})", re.ASCII)
_PIPELINE = "azureml.pipelinerun"
_FAILED, _CANCELED = "failed", "canceled"


class Trainer(Protocol):
    """What starts the training on a data version; `events.targets.machine_learning.MachineLearning` is one."""

    def train(self, version: DataVersion, token: str, tags: Mapping[str, str]) -> str:
        """Start the training once per token and return the id of its run, which is the token."""
        ...


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The workspace whose events are believed, by its ARM id, and how often a training is tried before a person looks."""

    arm_id: str
    attempts: int

    def check_source(self, source: str) -> None:
        """Compare a run event's source with this workspace, without case, as ARM does.

        Raises:
            RefusedError: when the event is about another workspace.
        """
        if source.rstrip("/").lower() != self.arm_id.lower():
            msg = "the source is not the workspace of this platform"
            raise RefusedError(msg)


def features_registered(trainer: Trainer) -> Route:
    """A new version of the features starts the training on it; nothing else starts training."""

    def act(work: Work) -> Outcome:
        version, cause = DataVersion.parse(work.effect_key), trace(work.event)
        tags = {
            "route": FEATURES_REGISTERED,
            "effect_key": work.effect_key,
            "attempt": str(work.attempt),
            "causationid": cause["causation"],
            "traceparent": cause["traceparent"],
            "dataversion": str(version),
        }
        return Outcome(state="done", detail=STARTED, run_id=trainer.train(version, work.token, tags))

    return Route(
        name=FEATURES_REGISTERED,
        hub=Hub.FEATURE_REGISTRY,
        types=frozenset({OwnEvent.FEATURES_REGISTERED}),
        effect_key=_features_version,
        lane=lambda event: event.subject.rpartition("@")[0],
        act=act,
        newest_only=True,
    )


def training_completed(workspace: Workspace) -> Route:
    """A training run that this handler started has completed."""

    def act(work: Work) -> Outcome:
        ending = Ending(route=FEATURES_REGISTERED, run_id=work.effect_key)
        return Outcome(state="done", detail="completion recorded", run_id=work.effect_key, ending=ending)

    return _run_route(
        TRAINING_COMPLETED, Hub.TRAINING_RUN_COMPLETED, AzureEvent.RUN_COMPLETED, lambda event: _root_run(workspace, event), act
    )


def training_failed(workspace: Workspace) -> Route:
    """A training run that this handler started has failed, which gives it another attempt, or was canceled, which does not."""

    def effect_key(event: Event) -> str | None:
        run_id = _root_run(workspace, event)
        return run_id if text(event.data, "runStatus").lower() in (_FAILED, _CANCELED) else None

    def act(work: Work) -> Outcome:
        status = text(work.event.data, "runStatus")
        ending = Ending(
            route=FEATURES_REGISTERED,
            run_id=work.effect_key,
            failure=f"training run {work.effect_key} ended as {status.capitalize()}; its logs say why",
            attempts=workspace.attempts if status.lower() == _FAILED else 1,
        )
        return Outcome(state="done", detail="failure recorded", run_id=work.effect_key, ending=ending)

    return _run_route(TRAINING_FAILED, Hub.TRAINING_RUN_FAILED, AzureEvent.RUN_STATUS_CHANGED, effect_key, act)


def _run_route(
    name: str, hub: Hub, kind: AzureEvent, effect_key: Callable[[Event], str | None], act: Callable[[Work], Outcome]
) -> Route:
    return Route(
        name=name,
        hub=hub,
        types=frozenset({kind}),
        effect_key=effect_key,
        lane=lambda event: text(event.data, "runId"),
        act=act,
    )


def _features_version(event: Event) -> str:
    if event.source != _SENDER:
        msg = f"the source is not {_SENDER}"
        raise RefusedError(msg)
    if not _VERSION.fullmatch(event.subject):
        msg = f"the subject names no version of {_TABLE}"
        raise RefusedError(msg)
    if event.dataversion not in ("", event.subject):
        msg = "subject and dataversion name different versions"
        raise RefusedError(msg)
    return event.subject


def _root_run(workspace: Workspace, event: Event) -> str | None:
    """The id of the pipeline run that an event tells of; None for the runs of its steps and for runs of other kinds."""
    workspace.check_source(event.source)
    run_id = text(event.data, "runId")
    if not run_id:
        msg = "the event names no run"
        raise RefusedError(msg)
    return run_id if text(event.data, "runType").lower() == _PIPELINE else None
