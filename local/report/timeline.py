"""What happened when: the events of one run as dots, in seconds after the commit, each with the event that led to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.events import AzureEvent, Event, Hub, OwnEvent
from local.report.content import Dot
from local.report.recorder import Record, Recorded
from local.services.cloud import Cloud
from local.services.machine_learning.runs import Runs

STORAGE, DATABRICKS, LEARNING, REGISTRY, RELEASE = "Storage", "Databricks", "Azure ML", "Container Registry", "Release"
LANES = (STORAGE, DATABRICKS, LEARNING, REGISTRY, RELEASE, "Other")
LANE_OF: Mapping[str, str] = {
    Hub.DATA_DELIVERY: STORAGE,
    Hub.DATASET_REGISTRY: DATABRICKS,
    Hub.FEATURE_REGISTRY: DATABRICKS,
    Hub.TRAINING_RUN_COMPLETED: LEARNING,
    Hub.TRAINING_RUN_FAILED: LEARNING,
    Hub.MODEL_REGISTRY: LEARNING,
    Hub.ARTIFACT_REGISTRY: REGISTRY,
}
MARGIN_SECONDS = 2.0
MOST = 120
"""Events that are drawn at most; a page with more is no longer read."""


def dots(recorded: Recorded, run: Mapping[str, Any], names: Mapping[str, str]) -> tuple[Dot, ...]:
    """The events of the run that run.json tells of; `names` gives steps of pipeline runs by run id."""
    zero, until = window(recorded, run)
    causes = dict(_causes(recorded))
    found = (_dot(record, told, zero, causes, names) for record, told in recorded.events)
    return tuple(dot for dot in found if -MARGIN_SECONDS <= dot.seconds <= until + MARGIN_SECONDS)[:MOST]


def step_names(cloud: Cloud) -> dict[str, str]:
    """Names of the steps of all pipelines by run id."""
    runs = Runs(cloud.store)
    return {step.run_id: step.name for root in runs.roots() for step in runs.children(root.run_id)}


def window(recorded: Recorded, run: Mapping[str, Any]) -> tuple[int, float]:
    """The commit's arrival on the bus in milliseconds since 1970, and seconds from it to the end of the last step."""
    commit = next(step for step in run["steps"] if step["name"] == "commit")
    record = recorded.find(commit["event"])
    ends = (step["at"] for step in run["steps"] if step["at"] is not None)
    return (record.timestamp if record else 0), max(ends)


def _dot(record: Record, told: Event, zero: int, causes: Mapping[str, str], names: Mapping[str, str]) -> Dot:
    return Dot(
        id=told.id,
        lane=LANE_OF.get(record.hub, LANES[-1]),
        seconds=round((record.timestamp - zero) / 1000, 3),
        name=_name(told, names),
        detail=f"{told.type}, {told.dataversion or told.subject}; hub {record.hub}/{record.partition}@{record.offset}; id {told.id}",
        cause=causes.get(told.id, ""),
        body=record.event,
    )


def _name(told: Event, names: Mapping[str, str]) -> str:
    """A few words for a label."""
    data, target = told.data, told.data.get("target") or {}
    match told.type:
        case AzureEvent.BLOB_CREATED:
            return _blob(told.subject)
        case AzureEvent.RUN_COMPLETED | AzureEvent.RUN_STATUS_CHANGED:
            return f"{names.get(str(data.get('runId')), 'pipeline')} {str(data.get('runStatus') or 'completed').lower()}"
        case AzureEvent.MODEL_REGISTERED:
            return f"{data.get('modelName')} {data.get('modelVersion')} registered"
        case AzureEvent.IMAGE_PUSHED | AzureEvent.IMAGE_DELETED:
            verb = "pushed" if told.type == AzureEvent.IMAGE_PUSHED else "deleted"
            return f"{target.get('repository')}:{target.get('tag') or str(target.get('digest'))[:19]} {verb}"
        case OwnEvent.DATASET_REGISTERED | OwnEvent.FEATURES_REGISTERED:
            return f"{told.dataversion} registered"
    return told.type.rpartition(".")[2]


def _blob(subject: str) -> str:
    """A commit to a Delta table as its data version, any other blob by its name."""
    *folders, name = subject.partition("/containers/")[2].split("/")
    version = name.partition(".")[0]
    table = "/".join(part for part in folders if part not in {"blobs", "_delta_log"})
    return f"{table}@{int(version)}" if folders[-1:] == ["_delta_log"] and version.isdecimal() else name


def _causes(recorded: Recorded) -> Iterator[tuple[str, str]]:
    """Event and the event that led to it; Azure's own events say it by what their object carries."""
    features = {told.dataversion: told.id for _, told in recorded.events if told.type == OwnEvent.FEATURES_REGISTERED}
    models: dict[str, str] = {}
    for _, told in recorded.events:
        if told.type == AzureEvent.MODEL_REGISTERED:
            models[str(told.data.get("modelVersion"))] = told.id
            cause = features.get(str((told.data.get("modelTags") or {}).get("data_version")), "")
        elif told.type == AzureEvent.IMAGE_PUSHED:
            # The tag of an image is <model version>-<data version>.
            cause = models.get(str((told.data.get("target") or {}).get("tag")).partition("-")[0], "")
        else:
            cause = told.causationid or str((told.data.get("runTags") or {}).get("causationid") or "")
        yield told.id, cause
