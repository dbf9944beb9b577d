"""The event catalogue: hubs of the bus, types on them, and what our own events carry (docs/contracts.md, 3 and 4)."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

CONSUMER_GROUP = "event-handler"
"""The one consumer group declared on every hub; the handler's Kafka `group.id` has the same name."""


class Hub(StrEnum):
    """The ten hubs, the most that one Event Hubs Standard namespace holds."""

    DATA_DELIVERY = "data_delivery"
    DATASET_REGISTRY = "dataset_registry"
    FEATURE_REGISTRY = "feature_registry"
    TRAINING_RUN_COMPLETED = "training_run_completed"
    TRAINING_RUN_FAILED = "training_run_failed"
    MODEL_REGISTRY = "model_registry"
    ARTIFACT_REGISTRY = "artifact_registry"
    DRIFT = "drift"
    DEAD_LETTER = "dead_letter"
    SALES_STREAM = "sales_stream"


class AzureEvent(StrEnum):
    """System event types that Event Grid raises and the platform subscribes to."""

    BLOB_CREATED = "Microsoft.Storage.BlobCreated"
    BLOB_DELETED = "Microsoft.Storage.BlobDeleted"
    BLOB_RENAMED = "Microsoft.Storage.BlobRenamed"
    DIRECTORY_CREATED = "Microsoft.Storage.DirectoryCreated"
    DIRECTORY_RENAMED = "Microsoft.Storage.DirectoryRenamed"
    DIRECTORY_DELETED = "Microsoft.Storage.DirectoryDeleted"
    IMAGE_PUSHED = "Microsoft.ContainerRegistry.ImagePushed"
    IMAGE_DELETED = "Microsoft.ContainerRegistry.ImageDeleted"
    CHART_PUSHED = "Microsoft.ContainerRegistry.ChartPushed"
    CHART_DELETED = "Microsoft.ContainerRegistry.ChartDeleted"
    MODEL_REGISTERED = "Microsoft.MachineLearningServices.ModelRegistered"
    MODEL_DEPLOYED = "Microsoft.MachineLearningServices.ModelDeployed"
    RUN_COMPLETED = "Microsoft.MachineLearningServices.RunCompleted"
    # Asked for by the source system; Azure ML retired the sender (SDK v1 data drift) on 2025-09-01.
    DATASET_DRIFT_DETECTED = "Microsoft.MachineLearningServices.DatasetDriftDetected"
    RUN_STATUS_CHANGED = "Microsoft.MachineLearningServices.RunStatusChanged"


class OwnEvent(StrEnum):
    """Events that no Azure service raises; our jobs publish them."""

    DATASET_REGISTERED = "mlops.dataset.registered"
    DATASET_FAILED = "mlops.dataset.failed"
    FEATURES_REGISTERED = "mlops.features.registered"


HUB_OF: dict[OwnEvent, Hub] = {
    OwnEvent.DATASET_REGISTERED: Hub.DATASET_REGISTRY,
    OwnEvent.DATASET_FAILED: Hub.DATASET_REGISTRY,
    OwnEvent.FEATURES_REGISTERED: Hub.FEATURE_REGISTRY,
}


@dataclass(frozen=True, kw_only=True)
class DataVersion:
    """One version of one Delta table, written `container/table@version`."""

    table: str
    version: int

    def __str__(self) -> str:
        return f"{self.table}@{self.version}"

    @classmethod
    def parse(cls, text: str) -> DataVersion:
        """Read `container/table@version` back.

        Raises:
            ValueError: when the text has no `@` or no integer version.
        """
        table, _, version = text.rpartition("@")
        return cls(table=table, version=int(version))


@dataclass(frozen=True, kw_only=True)
class Event:
    """A CloudEvents 1.0 event with the product's three extensions; `id` is the same for the same fact told twice."""

    type: str
    source: str
    subject: str
    id: str
    time: str
    data: dict[str, Any] = field(default_factory=dict)
    causationid: str = ""
    traceparent: str = ""
    dataversion: str = ""

    def body(self) -> dict[str, Any]:
        """The structured JSON form; empty extensions are left out, as CloudEvents asks."""
        fields = {name: value for name, value in asdict(self).items() if value != ""}
        return {"specversion": "1.0", "datacontenttype": "application/json", **fields}

    @classmethod
    def of(cls, body: dict[str, Any]) -> Event:
        """Read the structured JSON form; attributes outside the contract are dropped.

        Raises:
            KeyError: when a required attribute is missing.
        """
        optional = {name: str(body[name]) for name in ("causationid", "traceparent", "dataversion") if body.get(name)}
        required = {name: str(body[name]) for name in ("type", "source", "id")}
        return cls(
            **required,
            subject=str(body.get("subject", "")),
            time=str(body.get("time", "")),
            data=body.get("data") or {},
            **optional,
        )


def event_id(kind: OwnEvent, subject: str) -> str:
    """An id that depends on the fact alone, so that publishing it again is seen as a repeat."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}|{subject}"))
