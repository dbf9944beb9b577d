"""The table of event subscriptions: which events go to which hub, one row for each purpose.

A filter on `data.api` or the subject would silence types that carry other values, hence one row a purpose, not a source.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contracts.events import AzureEvent, Hub
from contracts.names import BRONZE


class Source(StrEnum):
    """Resources whose events are subscribed to, in the words of Event Grid's topic types."""

    LAKE = "Microsoft.Storage.StorageAccounts"
    REGISTRY = "Microsoft.ContainerRegistry.Registries"
    WORKSPACE = "Microsoft.MachineLearningServices.Workspaces"


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Events of a source that go to a hub; `contains` and `within` map an attribute to text that it must hold or be."""

    name: str
    source: Source
    hub: Hub
    types: tuple[AzureEvent, ...]
    begins_with: str | None = None
    ends_with: str | None = None
    contains: tuple[tuple[str, tuple[str, ...]], ...] = ()
    within: tuple[tuple[str, tuple[str, ...]], ...] = ()


IN_BRONZE = f"/blobServices/default/containers/{BRONZE}/"
WHOLE_FILE_APIS = ("FlushWithClose", "PutBlob", "PutBlockList", "CopyBlob", "RenameFile")
"""Calls after which a blob is complete ("Azure Blob Storage as an Event Grid source", learn.microsoft.com)."""

TABLE: tuple[Subscription, ...] = (
    Subscription(
        name="data-committed",
        source=Source.LAKE,
        hub=Hub.DATA_DELIVERY,
        types=(AzureEvent.BLOB_CREATED, AzureEvent.BLOB_RENAMED),
        begins_with=IN_BRONZE,
        ends_with=".json",
        contains=(("subject", ("/_delta_log/",)),),
        within=(("data.api", WHOLE_FILE_APIS),),
    ),
    # Recorded only, so that the history of the lake is whole: no route starts anything on these.
    Subscription(
        name="data-changed",
        source=Source.LAKE,
        hub=Hub.DATA_DELIVERY,
        types=(
            AzureEvent.BLOB_DELETED,
            AzureEvent.DIRECTORY_CREATED,
            AzureEvent.DIRECTORY_RENAMED,
            AzureEvent.DIRECTORY_DELETED,
        ),
        begins_with=IN_BRONZE,
    ),
    Subscription(
        name="registry-changed",
        source=Source.REGISTRY,
        hub=Hub.ARTIFACT_REGISTRY,
        types=(
            AzureEvent.IMAGE_PUSHED,
            AzureEvent.IMAGE_DELETED,
            AzureEvent.CHART_PUSHED,
            AzureEvent.CHART_DELETED,
        ),
    ),
    Subscription(
        name="model-changed",
        source=Source.WORKSPACE,
        hub=Hub.MODEL_REGISTRY,
        types=(AzureEvent.MODEL_REGISTERED, AzureEvent.MODEL_DEPLOYED),
    ),
    Subscription(
        name="run-completed",
        source=Source.WORKSPACE,
        hub=Hub.TRAINING_RUN_COMPLETED,
        types=(AzureEvent.RUN_COMPLETED,),
    ),
    Subscription(
        name="run-failed",
        source=Source.WORKSPACE,
        hub=Hub.TRAINING_RUN_FAILED,
        types=(AzureEvent.RUN_STATUS_CHANGED,),
        # Documents show both spellings of the value.
        within=(("data.runStatus", ("Failed", "failed", "Canceled", "canceled")),),
    ),
    Subscription(
        name="drift-detected",
        source=Source.WORKSPACE,
        hub=Hub.DRIFT,
        types=(AzureEvent.DATASET_DRIFT_DETECTED,),
    ),
)
