"""Container registries; the login server has Azure's form, nothing local listens there."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, name_in, rule
from local.provider.wire import Properties


def _registry(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {"loginServer": f"{name_in(resource_id).lower()}.azurecr.io", "provisioningState": "Succeeded"}


REGISTRY = Kind(
    sdk_type="azure-native:containerregistry:Registry",
    arm_type="Microsoft.ContainerRegistry/registries",
    names=("registryName",),
    rule=rule(RULES["registry"]),
    outputs=_registry,
    replace=("zoneRedundancy",),
)
KINDS = (REGISTRY,)
