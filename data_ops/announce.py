"""Telling the rest of the platform: the job's events, on the hubs of their types."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from contracts.events import Event, OwnEvent, event_id
from data_ops import JOB
from data_ops.job_task import JobParameters
from events.connection import Connection
from events.publisher import Publisher


def event(kind: OwnEvent, subject: str, *, data: dict[str, Any], parameters: JobParameters, fact: str = "") -> Event:
    """An event of this job, caused by the one that started it; its id depends on `fact`, by default the subject, alone."""
    return Event(
        type=kind,
        source=f"/data-ops/{JOB}",
        subject=subject,
        id=event_id(kind, fact or subject),
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        data=data,
        causationid=parameters.causation,
        traceparent=parameters.traceparent,
        dataversion=subject,
    )


def publish(*events: Event) -> None:
    """Publish to the bus that the environment names (`EVENTS_BOOTSTRAP`).

    Raises:
        PublishError: when the bus does not take an event.
        SettingError: when the environment names no bus.
    """
    with Publisher(Connection.from_environment(os.environ)) as publisher:
        publisher.publish(*events)
