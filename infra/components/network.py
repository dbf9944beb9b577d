"""Virtual network: a subnet with its own security group for all that runs, and one way out for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from contracts.names import SCORING_PORT
from infra.placement import Exports, Placement, filled_in
from infra.roles import Place, Scope
from infra.sections import NetworkSettings
from infra.subnets import TABLE, Row, Subnet, addressed

SERVICES = ("Microsoft.ContainerRegistry", "Microsoft.EventHub", "Microsoft.KeyVault", "Microsoft.Storage")
"""Services whose firewalls know subnets ("Virtual network service endpoints", learn.microsoft.com)."""
FOUNDATION = ("Microsoft.KeyVault", "Microsoft.Storage")
"""Of these, what holds Pulumi's state and its key, which agents reach from a private stack, too."""


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The network's address space, and whether its services are entered by private endpoints."""

    placement: Placement
    settings: NetworkSettings


class Network(pulumi.ComponentResource):
    """A network that nothing enters from outside but callers of the scoring service, where it is public.

    Nodes have no public addresses and no default way out: a NAT gateway is the only one. Services on Azure's backbone
    are reached by service endpoints when they are public, and by private endpoints when they are not.
    """

    id: pulumi.Output[str]
    """ARM id of the virtual network."""
    way_out: pulumi.Output[str]
    """Public address from which all that runs here calls."""
    subnet_ids: Mapping[Subnet, pulumi.Output[str]]
    """ARM id of each subnet."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    admitted: tuple[pulumi.Output[str], ...]
    """Subnets that firewalls of public services let in; none when the services are private."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Network", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._gateway_id, self.way_out = self._nat_gateway()
        self._ranges = addressed(args.settings.address_space)
        made = self._network(name)
        self.id = made.id
        self.subnet_ids = {row.subnet: pulumi.Output.concat(made.id, "/subnets/", row.subnet.full_name) for row in TABLE}
        self.scopes = {Place.NETWORK: made.id, Place.CLUSTER_SUBNET: self.subnet_ids[Subnet.CLUSTER]}
        public = () if args.settings.private else tuple(row.subnet for row in TABLE if _reaches_services(row))
        self.admitted = tuple(self.subnet_ids[subnet] for subnet in public)
        self.exports = {
            "network": args.settings.mode,
            "qa_subnet_id": self.subnet_ids[Subnet.QA],
            "agents_subnet_id": self.subnet_ids[Subnet.AGENTS],
            "way_out": self.way_out,
        }
        self.register_outputs(self.exports)

    def _network(self, name: str) -> network.VirtualNetwork:
        placement = self._args.placement
        return network.VirtualNetwork(
            name,
            virtual_network_name=placement.names.virtual_network,
            resource_group_name=placement.resource_group,
            location=placement.location,
            address_space=network.AddressSpaceArgs(address_prefixes=[self._args.settings.address_space]),
            # Subnets stand inside: Azure changes one at a time, and a separate one would lose its group in between.
            subnets=[self._subnet(row) for row in TABLE],
            tags=placement.tags,
            opts=self._child,
        )

    def _subnet(self, row: Row) -> network.SubnetArgs:
        return network.SubnetArgs(
            name=row.subnet.full_name,
            address_prefix=self._ranges[row.subnet],
            default_outbound_access=False,
            nat_gateway=network.SubResourceArgs(id=self._gateway_id) if _reaches_services(row) else None,
            network_security_group=network.NetworkSecurityGroupArgs(id=self._security_group(row)),
            private_endpoint_network_policies=network.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
            delegations=[network.DelegationArgs(name=row.subnet, service_name=row.delegated)] if row.delegated else [],
            service_endpoints=[network.ServiceEndpointPropertiesFormatArgs(service=service) for service in self._backbone(row)],
        )

    def _backbone(self, row: Row) -> tuple[str, ...]:
        """Services that are reached by the subnet's own name, for which their firewalls ask."""
        if self._args.settings.private:
            return FOUNDATION if row.subnet is Subnet.AGENTS else ()
        return SERVICES if _reaches_services(row) else ()

    def _security_group(self, row: Row) -> pulumi.Output[str]:
        """A group for one subnet; Azure's own rules let its neighbours in and everything else out.

        Databricks adds rules of its own to its group while its workspace is public.
        """
        placement = self._args.placement
        return network.NetworkSecurityGroup(
            f"{row.subnet}-rules",
            network_security_group_name=placement.names.security_group(row.subnet),
            resource_group_name=placement.resource_group,
            location=placement.location,
            security_rules=self._callers() if row.subnet is Subnet.CLUSTER else [],
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["securityRules"] if self._is_shared(row) else None),
        ).id

    def _callers(self) -> list[network.SecurityRuleArgs]:
        """Who may call the scoring service from outside: nobody when it is private, else the network's own agents, too."""
        if self._args.settings.private:
            return []
        rule = network.SecurityRuleArgs(
            name="scoring-callers",
            priority=200,
            direction=network.SecurityRuleDirection.INBOUND,
            access=network.SecurityRuleAccess.ALLOW,
            protocol=network.SecurityRuleProtocol.TCP,
            source_address_prefixes=[*self._args.placement.allowed_addresses, self.way_out],
            source_port_range="*",
            destination_address_prefix="*",
            destination_port_range=str(SCORING_PORT),
        )
        return [rule]

    def _is_shared(self, row: Row) -> bool:
        return not self._args.settings.private and row.subnet in {Subnet.DATABRICKS_HOST, Subnet.DATABRICKS_CONTAINER}

    def _nat_gateway(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        placement = self._args.placement
        address = network.PublicIPAddress(
            "way-out-address",
            public_ip_address_name=placement.names.nat_address,
            resource_group_name=placement.resource_group,
            location=placement.location,
            sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
            public_ip_allocation_method=network.IPAllocationMethod.STATIC,
            tags=placement.tags,
            opts=self._child,
        )
        gateway = network.NatGateway(
            "way-out",
            nat_gateway_name=placement.names.nat_gateway,
            resource_group_name=placement.resource_group,
            location=placement.location,
            sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            tags=placement.tags,
            opts=self._child,
        )
        return gateway.id, filled_in(address, address.ip_address, lambda found: found or "")


def _reaches_services(row: Row) -> bool:
    """Whether what lives in the subnet calls anything; private endpoints only answer."""
    return row.subnet is not Subnet.ENDPOINTS
