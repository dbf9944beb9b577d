"""The event bus: one Event Hubs namespace, its hubs, and a consumer group on each for the event handler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import pulumi
from pulumi_azure_native import eventhub

from contracts.events import CONSUMER_GROUP, Hub
from infra.placement import Exports, Placement
from infra.roles import Place, Scope
from infra.sections import EventSettings

HTTPS_PORT = 443
KAFKA_PORT = 9093


def kafka_bootstrap(service_bus_endpoint: str) -> str:
    """`host:port` of the namespace's Kafka endpoint, from its `https://` endpoint.

    On Azure Kafka listens on port 9093 of the same host ("Use Event Hubs from Apache Kafka", learn.microsoft.com). An
    endpoint with a port of its own other than 443 is taken as it is.
    """
    parts = urlsplit(service_bus_endpoint)
    port = parts.port if parts.port not in {None, HTTPS_PORT} else KAFKA_PORT
    return f"{parts.hostname}:{port}"


@dataclass(frozen=True, kw_only=True)
class BusArgs:
    """Throughput of the namespace, size and retention of the hubs."""

    placement: Placement
    settings: EventSettings


class Bus(pulumi.ComponentResource):
    """A Standard namespace that identities alone open; Azure services that are trusted pass its firewall."""

    id: pulumi.Output[str]
    """ARM id of the namespace."""
    hub_ids: Mapping[Hub, pulumi.Output[str]]
    """ARM id of each hub."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: BusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Bus", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        namespace = self._namespace(name)
        self._namespace_name = namespace.name
        self._firewall(name)
        self.id = namespace.id
        self.hub_ids = {hub: self._hub(hub) for hub in Hub}
        self.scopes = {Place.BUS: namespace.id, **self.hub_ids}
        self.exports = {
            "events_namespace": namespace.name,
            "events_bootstrap": namespace.service_bus_endpoint.apply(kafka_bootstrap),
        }
        self.register_outputs(self.exports)

    def _namespace(self, name: str) -> eventhub.Namespace:
        placement, standard = self._args.placement, eventhub.SkuName.STANDARD
        return eventhub.Namespace(
            name,
            namespace_name=placement.names.event_hubs,
            resource_group_name=placement.resource_group,
            location=placement.location,
            sku=eventhub.SkuArgs(name=standard, tier=standard.value, capacity=self._args.settings.throughput_units),
            is_auto_inflate_enabled=False,
            disable_local_auth=True,
            minimum_tls_version=eventhub.TlsVersion.TLS_VERSION_1_2,
            public_network_access=(
                eventhub.PublicNetworkAccess.DISABLED if placement.private else eventhub.PublicNetworkAccess.ENABLED
            ),
            tags=placement.tags,
            opts=placement.kept(self),
        )

    def _firewall(self, name: str) -> None:
        placement, access = self._args.placement, eventhub.PublicNetworkAccessFlag
        eventhub.NamespaceNetworkRuleSet(
            f"{name}-firewall",
            namespace_name=self._namespace_name,
            resource_group_name=placement.resource_group,
            default_action=eventhub.DefaultAction.DENY,
            # The rule set overrides the namespace's own value: both must say the same.
            public_network_access=access.DISABLED if placement.private else access.ENABLED,
            trusted_service_access_enabled=True,
            ip_rules=[
                eventhub.NWRuleSetIpRulesArgs(ip_mask=address, action=eventhub.NetworkRuleIPAction.ALLOW)
                for address in placement.allowed_addresses
            ],
            virtual_network_rules=[
                eventhub.NWRuleSetVirtualNetworkRulesArgs(subnet=eventhub.SubnetArgs(id=subnet))
                for subnet in placement.admitted_subnets
            ],
            opts=self._child,
        )

    def _hub(self, hub: Hub) -> pulumi.Output[str]:
        declared = eventhub.EventHub(
            hub,
            event_hub_name=hub,
            namespace_name=self._namespace_name,
            resource_group_name=self._args.placement.resource_group,
            partition_count=self._args.settings.partitions,
            message_retention_in_days=self._args.settings.retention_days,
            opts=self._child,
        )
        eventhub.ConsumerGroup(
            f"{hub}-{CONSUMER_GROUP}",
            consumer_group_name=CONSUMER_GROUP,
            event_hub_name=declared.name,
            namespace_name=self._namespace_name,
            resource_group_name=self._args.placement.resource_group,
            opts=self._child,
        )
        return declared.id
