"""All emulated kinds of resources by token: the list of what exists on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from local.provider.kinds import (
    agents,
    azure_devops,
    cluster,
    container_groups,
    databricks,
    event_grid,
    event_hubs,
    key_vault,
    kubernetes,
    machine_learning,
    monitoring,
    network,
    registry,
    resources,
    storage,
)
from local.provider.kinds.kind import Kind

_MODULES = (
    resources,
    network,
    storage,
    databricks,
    machine_learning,
    registry,
    key_vault,
    event_hubs,
    event_grid,
    kubernetes,
    monitoring,
    container_groups,
    cluster,
    azure_devops,
    agents,
)
KINDS: Mapping[str, Kind] = {kind.sdk_type: kind for module in _MODULES for kind in module.KINDS}

__all__ = ["KINDS", "Kind"]
