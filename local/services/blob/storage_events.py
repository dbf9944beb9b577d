"""The events that a storage account raises for its blobs.

Source: learn.microsoft.com/azure/event-grid/event-schema-blob-storage.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from contracts.events import AzureEvent
from local.services.blob.place import Place
from local.services.eventgrid.models import raise_event


@dataclass(frozen=True, kw_only=True)
class Call:
    """The request behind a change: its own id, the id that the client gave it, and the operation as events name it."""

    request_id: str
    client_request_id: str
    api: str = "PutBlob"


def created(connection: sqlite3.Connection, place: Place, call: Call, *, etag: str, size: int, media: str, sequence: int) -> None:
    """Raise BlobCreated for a write by PutBlob, PutBlockList or CopyBlob; `size` in bytes."""
    data = {
        "api": call.api,
        "clientRequestId": call.client_request_id,
        "requestId": call.request_id,
        "eTag": etag.strip('"'),
        "contentType": media,
        "contentLength": size,
        **_common(place, sequence),
    }
    raise_event(connection, kind=AzureEvent.BLOB_CREATED, source=place.account_id, subject=place.subject, data=data)


def deleted(connection: sqlite3.Connection, place: Place, call: Call, *, media: str, sequence: int) -> None:
    """Raise BlobDeleted for Delete Blob."""
    data = {
        "api": "DeleteBlob",
        "clientRequestId": call.client_request_id,
        "requestId": call.request_id,
        "contentType": media,
        **_common(place, sequence),
    }
    raise_event(connection, kind=AzureEvent.BLOB_DELETED, source=place.account_id, subject=place.subject, data=data)


def _common(place: Place, sequence: int) -> dict[str, Any]:
    return {
        "blobType": "BlockBlob",
        "url": place.url,
        "sequencer": f"{sequence:048x}",
        "storageDiagnostics": {"batchId": f"{sequence:032x}"},
    }
