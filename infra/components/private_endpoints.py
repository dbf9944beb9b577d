"""Private endpoints: addresses in the virtual network for services that have no public one, and the zones that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

from infra.components.network import Network
from infra.endpoints import TABLE, ZONES, Endpoint
from infra.parts import Part
from infra.placement import Placement
from infra.subnets import Subnet

EVERYWHERE = "Global"


@dataclass(frozen=True, kw_only=True)
class PrivateEndpointsArgs:
    """The network that the endpoints stand in, and the ARM ids of what they lead to."""

    placement: Placement
    network: Network
    targets: Mapping[Part, pulumi.Input[str]]


class PrivateEndpoints(pulumi.ComponentResource):
    """One endpoint for each row of infra.endpoints, registered in zones that the network resolves by."""

    def __init__(self, name: str, args: PrivateEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:PrivateEndpoints", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._zone_ids = {zone: self._zone(zone) for zone in ZONES}
        for row in TABLE:
            self._endpoint(row)
        self.register_outputs({})

    def _zone(self, zone: str) -> pulumi.Output[str]:
        placement = self._args.placement
        made = privatedns.PrivateZone(
            zone,
            private_zone_name=zone,
            resource_group_name=placement.resource_group,
            location=EVERYWHERE,
            tags=placement.tags,
            opts=self._child,
        )
        privatedns.VirtualNetworkLink(
            f"{zone}-link",
            virtual_network_link_name=placement.names.virtual_network,
            private_zone_name=made.name,
            resource_group_name=placement.resource_group,
            location=EVERYWHERE,
            virtual_network=privatedns.SubResourceArgs(id=self._args.network.id),
            registration_enabled=False,
            tags=placement.tags,
            opts=self._child,
        )
        return made.id

    def _endpoint(self, row: Endpoint) -> None:
        placement = self._args.placement
        connection = network.PrivateLinkServiceConnectionArgs(
            name=row.name, private_link_service_id=self._args.targets[row.part], group_ids=[row.group]
        )
        made = network.PrivateEndpoint(
            f"{row.name}-endpoint",
            private_endpoint_name=placement.names.endpoint(row.name),
            resource_group_name=placement.resource_group,
            location=placement.location,
            subnet=network.SubnetArgs(id=self._args.network.subnet_ids[Subnet.ENDPOINTS]),
            private_link_service_connections=[connection],
            tags=placement.tags,
            opts=self._child,
        )
        network.PrivateDnsZoneGroup(
            f"{row.name}-names",
            private_dns_zone_group_name="default",
            private_endpoint_name=made.name,
            resource_group_name=placement.resource_group,
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(name=zone.replace(".", "-"), private_dns_zone_id=self._zone_ids[zone])
                for zone in row.zones
            ],
            opts=self._child,
        )
