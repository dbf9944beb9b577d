"""The events of one loop as they lie on the bus, from the commit to the push of the image, and some that lead nowhere."""

from __future__ import annotations

from typing import Any

from contracts.events import AzureEvent, Event, Hub, OwnEvent
from local.report.recorder import Record, Recorded
from tests.local.report.report_example import COMMIT, DATASET, DIGEST, FEATURES, IMAGE, MODEL, TRAINED

STARTED = 1_795_492_379_728
"""When the commit came, in milliseconds since 1970."""
RUN, STEP = "10e2294ed254c81ff6be0ad8d0386e07", "b52b6295-9bba-5fa2-9c6b-a9505a799158"
CREATED = "99999999-0000-4000-8000-000000000000"
LOG = "/blobServices/default/containers/bronze/blobs/sales/_delta_log"
FACTS: dict[str, Any] = {
    "source": "bronze/sales@1",
    "rows_out": 913000,
    "quarantined": {"no date": 3},
    "series": 500,
    "first": "2021-01-01T00:00:00+00:00",
    "last": "2025-12-31T00:00:00+00:00",
    "frequency": "daily",
    "content_hash": "eedc386d",
}
TAGS = {"causationid": FEATURES, "effect_key": "silver/features@1", "model.version": "1", "decision": "promote"}


def event(kind: str, event_id: str, subject: str, **members: Any) -> Event:
    return Event(type=kind, source="/test", subject=subject, id=event_id, time="2026-11-24T03:53:00+00:00", **members)


def registered(kind: OwnEvent, event_id: str, table: str) -> Event:
    return event(kind, event_id, table, dataversion=table, causationid=COMMIT, data=FACTS)


def ended(event_id: str, run_id: str, **tags: str) -> Event:
    data = {"runId": run_id, "runType": "azureml.PipelineRun" if tags else "azureml.StepRun", "runTags": tags}
    return event(AzureEvent.RUN_COMPLETED, event_id, f"experiments/e/runs/{run_id}", data=data)


def pushed(digest: str = DIGEST, repository: str = "scoring") -> Event:
    data = {"target": {"repository": repository, "digest": digest, "tag": "1-1"}}
    return event(AzureEvent.IMAGE_PUSHED, IMAGE, f"{repository}:1-1", data=data)


def loop() -> list[tuple[float, Hub, Event]]:
    """Seconds after the commit, hub, event."""
    tags = {"role": "challenger", "data_version": "silver/features@1"}
    model = {"modelName": "demand", "modelVersion": "1", "modelTags": tags}
    return [
        (-0.8, Hub.DATA_DELIVERY, event(AzureEvent.BLOB_CREATED, CREATED, f"{LOG}/00000000000000000000.json")),
        (0.0, Hub.DATA_DELIVERY, event(AzureEvent.BLOB_CREATED, COMMIT, f"{LOG}/00000000000000000001.json")),
        (8.5, Hub.DATASET_REGISTRY, registered(OwnEvent.DATASET_REGISTERED, DATASET, "silver/panel@1")),
        (8.6, Hub.FEATURE_REGISTRY, registered(OwnEvent.FEATURES_REGISTERED, FEATURES, "silver/features@1")),
        (24.9, Hub.TRAINING_RUN_COMPLETED, ended("88888888-0000-4000-8000-000000000000", STEP)),
        (28.0, Hub.MODEL_REGISTRY, event(AzureEvent.MODEL_REGISTERED, MODEL, "models/demand:1", data=model)),
        (33.1, Hub.ARTIFACT_REGISTRY, pushed()),
        (33.8, Hub.TRAINING_RUN_COMPLETED, ended(TRAINED, RUN, **TAGS)),
    ]


def recorded(*events: tuple[float, Hub, Event]) -> Recorded:
    """These events on the bus, or the whole loop."""
    found = sorted(events or loop(), key=lambda told: told[0])
    first = found[0][0] if found else 0.0
    return Recorded(
        records=tuple(
            Record(
                hub=hub,
                partition=0,
                offset=at,
                timestamp=STARTED + round(1000 * seconds),
                seconds=round(seconds - first, 3),
                event=told.body(),
            )
            for at, (seconds, hub, told) in enumerate(found)
        )
    )
