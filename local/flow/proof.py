"""The way from the file to production, step by step, each with the event on the bus that proves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from contracts.errors import FourPartError
from contracts.events import AzureEvent, OwnEvent
from contracts.names import SCORING
from local.flow.outcome import Outcome
from local.report.recorder import Record, Recorded

type Status = Literal["done", "skipped", "failed"]


class StepUnprovenError(FourPartError):
    """A step that no event on the bus speaks of."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One step: `seconds` it took, `at` which it was over, counted from the commit of the data.

    The event of `file` is the commit that holds its rows, that of `released` the push of the image, which started it.
    """

    name: str
    status: Status
    subject: str
    seconds: float = 0.0
    at: float | None = None
    event: str | None = None
    hub: str | None = None
    time: str | None = None


def prove(outcome: Outcome, recorded: Recorded, ingested: float) -> list[Proof]:
    """All steps in order; `ingested` is how many seconds the file took to become a commit.

    Raises:
        StepUnprovenError: when a step that was done has no event.
    """
    dataset, features = (outcome.registered[kind] for kind in (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED))
    commit = _find(recorded, "commit", dataset.causationid)
    arrival = outcome.arrival
    chain = _Chain(commit)
    chain.put("file", "skipped" if arrival.repeated else "done", arrival.file.name, commit, took=ingested)
    chain.put("commit", "done", str(arrival.version), commit)
    chain.put("silver", "done", dataset.dataversion, _find(recorded, "silver", dataset.id))
    chain.put("features", "done", features.dataversion, _find(recorded, "features", features.id))
    chain.put("training", "done", outcome.trained.run.run_id, _find(recorded, "training", outcome.trained.event.id))
    _model(chain, outcome, recorded)
    _image(chain, outcome, recorded)
    return chain.steps


class _Chain:
    """Steps put one after the other; the seconds of each count from the end of the one before."""

    def __init__(self, commit: Record) -> None:
        self.steps: list[Proof] = []
        self._commit, self._last = commit, commit

    def put(
        self, name: str, status: Status, subject: str, record: Record | None, *, took: float | None = None, later: float = 0.0
    ) -> None:
        """Add a step that was over `later` seconds after its record; it took that long since the step before, or `took`."""
        if record is None or (told := record.told) is None:
            self.steps.append(Proof(name=name, status=status, subject=subject))
            return
        seconds = max(0.0, record.seconds - self._last.seconds) if took is None else took
        at = record.seconds - self._commit.seconds + later
        proof = Proof(
            name=name,
            status=status,
            subject=subject,
            seconds=round(seconds, 3),
            at=round(at, 3),
            event=told.id,
            hub=record.hub,
            time=told.time,
        )
        self.steps.append(proof)
        self._last = max(self._last, record, key=lambda one: one.seconds)


def _model(chain: _Chain, outcome: Outcome, recorded: Recorded) -> None:
    name, version = str(outcome.trained.decision["model_name"]), outcome.model_version
    if not version:
        chain.put("model", "skipped", "", None)
        return
    record = _first(recorded, AzureEvent.MODEL_REGISTERED, modelName=name, modelVersion=version)
    chain.put("model", "done", f"{name} {version}", _sure(record, "model", f"{name} {version}"))


def _image(chain: _Chain, outcome: Outcome, recorded: Recorded) -> None:
    """The image and what became of it; both are skipped when there was none."""
    released = outcome.released
    if not released.digest:
        chain.put("image", "skipped", "", None)
        chain.put("released", "skipped", "", None)
        return
    pushed = _sure(pushed_image(recorded, released.digest), "image", released.digest)
    fresh = bool(outcome.model_version) and released.decision != "unchanged"
    chain.put("image", "done" if fresh else "skipped", released.digest, pushed)
    ended: dict[str, Status] = {"released": "done", "rejected": "failed"}
    where = f"slot {released.slot}" if released.slot else ""
    chain.put("released", ended.get(released.decision, "skipped"), where, pushed, took=released.seconds, later=released.seconds)


def pushed_image(recorded: Recorded, digest: str) -> Record | None:
    """The push of a scoring image with this digest."""
    for record, told in recorded.events:
        target: dict[str, Any] = told.data.get("target") or {}
        if told.type == AzureEvent.IMAGE_PUSHED and (target.get("repository"), target.get("digest")) == (SCORING, digest):
            return record
    return None


def _first(recorded: Recorded, kind: AzureEvent, **members: str) -> Record | None:
    for record, told in recorded.events:
        if told.type == kind and all(str(told.data.get(name)) == value for name, value in members.items()):
            return record
    return None


def _find(recorded: Recorded, step: str, event_id: str) -> Record:
    return _sure(recorded.find(event_id), step, event_id)


def _sure(record: Record | None, step: str, wanted: str) -> Record:
    if record is not None:
        return record
    raise StepUnprovenError(
        "A step was done of which no event on the bus speaks.",
        given=f"step {step}, {wanted or 'without an id'}",
        allowed="an event on one of the hubs for each step that was done",
        remedy="`make status` shows the subscriptions; an event that was dead-lettered is in the container dead-letter.",
    )
