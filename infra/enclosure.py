"""What works inside a stack's network, and, where it is private, the doors of its own into every service."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.agents import Agents, AgentsArgs
from infra.components.grants import Grants
from infra.components.network import Network
from infra.components.private_endpoints import PrivateEndpoints, PrivateEndpointsArgs
from infra.components.registry import Registry
from infra.parts import Part
from infra.placement import Placement
from infra.roles import Principal
from infra.sections import AgentSettings


def enclose(
    placement: Placement,
    settings: AgentSettings,
    *,
    network: Network,
    registry: Registry,
    grants: Grants,
    parts: Mapping[Part, pulumi.Input[str]],
) -> None:
    """Declare all of it, for parts by their ARM ids."""
    if placement.private:
        PrivateEndpoints("private-endpoints", PrivateEndpointsArgs(placement=placement, network=network, targets=parts))
    agents_args = AgentsArgs(
        placement=placement,
        settings=settings,
        network=network,
        registry_name=registry.name if placement.private else None,
        ready=grants.grant({Principal.DEVOPS_POOLS: settings.service_id}, network.scopes),
    )
    Agents("agents", agents_args)
