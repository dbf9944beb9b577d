"""The events that a registry raises for its images.

Source: learn.microsoft.com/azure/event-grid/event-schema-container-registry.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.events import AzureEvent
from local.resources import Resource
from local.services.eventgrid.models import raise_event, utc

if TYPE_CHECKING:
    from local.services.registry.models import Manifest


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The request behind a change."""

    method: str
    host: str
    user_agent: str


def pushed(connection: sqlite3.Connection, registry: Resource, manifest: Manifest, tag: str, caller: Caller) -> None:
    """Raise ImagePushed."""
    target = _target(registry, manifest)
    subject = f"{manifest.repository}:{tag}" if tag else f"{manifest.repository}@{manifest.digest}"
    told = {**target, "tag": tag} if tag else target
    data = _data("push", told, caller)
    raise_event(connection, kind=AzureEvent.IMAGE_PUSHED, source=registry.id, subject=subject, data=data)


def deleted(connection: sqlite3.Connection, registry: Resource, manifest: Manifest, caller: Caller) -> None:
    """Raise ImageDeleted."""
    data = _data("delete", _target(registry, manifest), caller)
    raise_event(connection, kind=AzureEvent.IMAGE_DELETED, source=registry.id, subject=manifest.repository, data=data)


def _target(registry: Resource, manifest: Manifest) -> dict[str, Any]:
    size = len(manifest.body)
    return {
        "mediaType": manifest.media_type,
        "size": size,
        "digest": manifest.digest,
        "length": size,
        "repository": manifest.repository,
        "url": f"https://{registry.properties['loginServer']}/v2/{manifest.repository}/manifests/{manifest.digest}",
    }


def _data(action: str, target: dict[str, Any], caller: Caller) -> dict[str, Any]:
    request = {"id": str(uuid.uuid4()), "host": caller.host, "method": caller.method, "useragent": caller.user_agent}
    return {"id": str(uuid.uuid4()), "timestamp": utc(time.time()), "action": action, "target": target, "request": request}
