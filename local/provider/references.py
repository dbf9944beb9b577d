"""ARM ids among a resource's inputs: what Azure looks for before it makes the resource."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.resources import Resources

_ARM_ID = re.compile(r"/subscriptions/[^/\s]+/resourceGroups/[^/\s]+/providers/[^/\s]+(/[^/\s]+){2,}", re.IGNORECASE)
_SUBNET = re.compile(r"(?P<network>.+/virtualNetworks/[^/]+)/subnets/(?P<name>[^/]+)", re.IGNORECASE)


def named(inputs: Any) -> Iterator[str]:
    """Ids of resources anywhere in the inputs."""
    if isinstance(inputs, str):
        if _ARM_ID.fullmatch(inputs):
            yield inputs
    elif isinstance(inputs, Mapping):
        for item in inputs.values():
            yield from named(item)
    elif isinstance(inputs, list):
        for item in inputs:
            yield from named(item)


def exists(resources: Resources, resource_id: str) -> bool:
    """Whether there is such a resource; subnets stand inside their network, and what Databricks makes in its own group."""
    if resources.get(resource_id) is not None or _is_managed(resources, resource_id):
        return True
    subnet = _SUBNET.fullmatch(resource_id)
    network = resources.get(subnet["network"]) if subnet else None
    subnets = network.properties.get("subnets") if network else None
    return bool(subnet) and subnet["name"] in {item["name"] for item in subnets or []}


def _is_managed(resources: Resources, resource_id: str) -> bool:
    group = resource_id.partition("/providers/")[0].lower()
    workspaces = resources.of_type("Microsoft.Databricks/workspaces")
    return group in {str(item.properties.get("managedResourceGroupId", "")).lower() for item in workspaces}
