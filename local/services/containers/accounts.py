"""Which managed identity a pod or a group acts as."""

from __future__ import annotations

from typing import Any

from local.resources import Resources
from local.services.containers.models import SERVICE_ACCOUNT, Wanted
from local.services.identity.models import USER_ASSIGNED

CLIENT_ID = "azure.workload.identity/client-id"


def identity_of(resources: Resources, wanted: Wanted) -> str:
    """Name of the group's own identity, or of the one that the pod's service account is annotated with; empty without."""
    if wanted.group:
        held = resources.get(wanted.group)
        users = list(((held.properties.get("identity") or {}) if held else {}).get("userAssignedIdentities") or {})
        return users[0].rpartition("/")[2] if users else ""
    account = (wanted.template.account, wanted.namespace)
    found: list[dict[str, Any]] = [item.properties.get("metadata") or {} for item in resources.of_type(SERVICE_ACCOUNT)]
    own: dict[str, Any] = next((item for item in found if (item.get("name"), item.get("namespace")) == account), {})
    client = str((own.get("annotations") or {}).get(CLIENT_ID, ""))
    users = resources.of_type(USER_ASSIGNED)
    return next((item.name for item in users if str(item.properties.get("clientId")) == client), "")
