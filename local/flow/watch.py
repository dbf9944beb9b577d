"""Watches the bus, as any subscriber could, until the silver version of an arrival is registered or has failed."""

from __future__ import annotations

import time

from contracts.errors import FourPartError
from contracts.events import DataVersion, Event, Hub, OwnEvent
from local.flow.bus import read, reader
from local.progress import Step
from local.services.cloud import Cloud

WANTED = (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED)
HUBS = (Hub.DATASET_REGISTRY, Hub.FEATURE_REGISTRY)
PATIENCE_SECONDS = 300.0


class ArrivalFailedError(FourPartError):
    """The arrival did not become a silver version."""


class ArrivalRefusedError(ArrivalFailedError):
    """The job refused the arrival, with the four parts that it left in its event."""


def wait_for_silver(cloud: Cloud, arrival: DataVersion, step: Step) -> dict[OwnEvent, Event]:
    """Wait until `mlops.dataset.registered` and `mlops.features.registered` stand for this bronze version.

    Raises:
        ArrivalFailedError: when `mlops.dataset.failed` says so, or nothing comes in time.
    """
    seen: dict[OwnEvent, Event] = {}
    ends = time.monotonic() + PATIENCE_SECONDS
    with reader(cloud, HUBS) as consumer:
        while len(seen) < len(WANTED):
            step.detail = f"{arrival}: waiting for {' and '.join(_missing(seen))}"
            if time.monotonic() > ends:
                raise _nothing_came(arrival, seen)
            for event in read(consumer):
                if event.type == OwnEvent.DATASET_FAILED and event.subject == str(arrival):
                    raise _failed(arrival, event)
                if event.type in WANTED and _speaks_for(event, arrival):
                    seen[OwnEvent(event.type)] = event
    return seen


def _missing(seen: dict[OwnEvent, Event]) -> list[str]:
    return [str(kind) for kind in WANTED if kind not in seen]


def _speaks_for(event: Event, arrival: DataVersion) -> bool:
    """Whether the event is of this bronze version, or of a later one, which holds its rows too."""
    source = DataVersion.parse(str(event.data["source"]))
    return source.table == arrival.table and source.version >= arrival.version


def _failed(arrival: DataVersion, event: Event) -> ArrivalRefusedError:
    told = {name: str(event.data.get(name) or "") for name in ("happened", "given", "allowed", "remedy")}
    return ArrivalRefusedError(
        f"The job refused {arrival}. {told['happened']}",
        given=told["given"] or str(arrival),
        allowed=told["allowed"] or "a run without a failed task",
        remedy=told["remedy"] or "`make status` names the run; its output is under logs/databricks.",
    )


def _nothing_came(arrival: DataVersion, seen: dict[OwnEvent, Event]) -> ArrivalFailedError:
    happened = f"No silver version of {arrival} was registered in {PATIENCE_SECONDS:.0f} s."
    return ArrivalFailedError(
        happened,
        given=f"events seen: {', '.join(map(str, seen)) or 'none'}",
        allowed="mlops.dataset.registered and mlops.features.registered",
        remedy="`make status` shows where it stands: deliveries of Event Grid, the handler's inbox, runs of Databricks.",
    )
