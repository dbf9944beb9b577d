"""What a killed engine was making or deleting: found in the local cloud, and brought in line with the engine's state."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.endpoints import Endpoints
from local.provider.deployment import Deployment
from local.provider.kinds import KINDS
from local.resources import Resources
from local.store import Store


def clear(deployment: dict[str, Any], pending: list[dict[str, Any]], state: Path) -> list[str]:
    """Drop the pending entries of an exported state: what was being made is deleted, what was deleted leaves it; the ids deleted."""
    cloud = _deployment(state)
    recorded = {str(item.get("id", "")).lower() for item in deployment.get("resources") or []}
    orphans = []
    for entry in pending:
        resource_id = _id_of(entry["resource"]) if entry["type"] == "creating" else ""
        if resource_id and resource_id.lower() not in recorded and cloud.resources.get(resource_id) is not None:
            cloud.delete(resource_id)
            orphans.append(resource_id)
    gone = [entry["resource"] for entry in pending if entry["type"] == "deleting" and _is_gone(entry["resource"], cloud)]
    keys = {(item["urn"], item["id"]) for item in gone}
    kept = [item for item in deployment.get("resources") or [] if (item["urn"], item.get("id")) not in keys]
    deployment.update(resources=kept, pending_operations=[])
    return orphans


def _id_of(resource: Mapping[str, Any]) -> str:
    kind = KINDS.get(resource["type"])
    return kind.id_of(resource["inputs"]) if kind is not None else ""


def _is_gone(resource: Mapping[str, Any], cloud: Deployment) -> bool:
    return resource["type"] in KINDS and bool(resource.get("id")) and cloud.resources.get(resource["id"]) is None


def _deployment(state: Path) -> Deployment:
    return Deployment(resources=Resources(Store(state / "cloud.db")), endpoints=Endpoints.of(state))
