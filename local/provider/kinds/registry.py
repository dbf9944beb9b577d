"""Container registries; the login server is the local registry service, which serves the one registry of the stack."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import HOST, Endpoints
from local.provider.kinds.kind import Kind, NameRule, rule
from local.provider.wire import Properties


def _registry(endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    return {"loginServer": f"{HOST}:{endpoints.registry}", "provisioningState": "Succeeded"}


REGISTRY = Kind(
    sdk_type="azure-native:containerregistry:Registry",
    arm_type="Microsoft.ContainerRegistry/registries",
    names=("registryName",),
    rule=rule(RULES["registry"]),
    outputs=_registry,
    replace=("zoneRedundancy",),
    one_per_stack=True,
)
AGENT_POOL = Kind(
    sdk_type="azure-native:containerregistry:AgentPool",
    arm_type="Microsoft.ContainerRegistry/registries/agentPools",
    names=("registryName", "agentPoolName"),
    rule=NameRule(pattern=r"[A-Za-z][A-Za-z0-9-]{1,18}[A-Za-z0-9]", words="3-20 letters, digits and dashes, from a letter"),
    replace=("os", "tier", "virtualNetworkSubnetResourceId"),
    values={"tier": ("S1", "S2", "S3", "I6")},
)
KINDS = (REGISTRY, AGENT_POOL)
