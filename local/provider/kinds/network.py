"""Virtual networks and what stands in them; no packet passes here, so firewalls and rules are only kept."""

from __future__ import annotations

from typing import Any

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import ONLY_DEFAULT, Kind, NameRule, rule
from local.provider.wire import Properties

ZONE = NameRule(pattern=r"([a-z0-9_-]{1,63}\.)+[a-z]{2,63}", words="a DNS name of at least two labels")


def _subnets(_endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    given = [{**item, "id": f"{resource_id}/subnets/{item['name']}"} for item in inputs.get("subnets") or []]
    return {"subnets": given, "provisioningState": "Succeeded"}


def _address(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    """From the range that is set aside for documentation (RFC 5737)."""
    return {"ipAddress": "203.0.113.10", "provisioningState": "Succeeded"}


def _ready(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    return {"provisioningState": "Succeeded"}


def _kind(name: str, arm: str, *names: str, **more: Any) -> Kind:
    shared: dict[str, Any] = {"rule": rule(RULES["network"]), "outputs": _ready, "names": names}
    return Kind(sdk_type=f"azure-native:{name}", arm_type=f"Microsoft.Network/{arm}", **(shared | more))


_ZONE_LINK = ("privateZoneName", "virtualNetworkLinkName")
_ZONE_GROUP = ("privateEndpointName", "privateDnsZoneGroupName")

KINDS = (
    _kind("network:VirtualNetwork", "virtualNetworks", "virtualNetworkName", outputs=_subnets),
    _kind("network:NetworkSecurityGroup", "networkSecurityGroups", "networkSecurityGroupName"),
    _kind("network:PublicIPAddress", "publicIPAddresses", "publicIpAddressName", outputs=_address, replace=("sku", "zones")),
    _kind("network:NatGateway", "natGateways", "natGatewayName", replace=("zones",)),
    _kind("network:PrivateEndpoint", "privateEndpoints", "privateEndpointName", replace=("subnet",)),
    _kind("network:PrivateDnsZoneGroup", "privateEndpoints/privateDnsZoneGroups", *_ZONE_GROUP, rule=ONLY_DEFAULT),
    _kind("privatedns:PrivateZone", "privateDnsZones", "privateZoneName", rule=ZONE),
    _kind("privatedns:VirtualNetworkLink", "privateDnsZones/virtualNetworkLinks", *_ZONE_LINK, replace=("virtualNetwork",)),
)
