"""Metrics of the cluster: managed Prometheus that scrapes it, container logs, and Grafana that shows both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import dashboard, monitor

from infra.placement import Placement, filled_in
from infra.roles import Place, Principal, Scope

PROMETHEUS, CONTAINERS = "Microsoft-PrometheusMetrics", "Microsoft-ContainerInsights-Group-Default"
"""Streams that the cluster's agents send."""


@dataclass(frozen=True, kw_only=True)
class ClusterMetricsArgs:
    """The cluster, where its logs go, and whether there is a Grafana."""

    placement: Placement
    cluster_id: pulumi.Input[str]
    log_analytics_id: pulumi.Input[str]
    dashboards: bool


class ClusterMetrics(pulumi.ComponentResource):
    """Rules by which agents of the cluster know what to send where; nothing is sent with a key."""

    workspace_id: pulumi.Output[str]
    """ARM id of the Azure Monitor workspace."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    principal_ids: Mapping[Principal, pulumi.Output[str]]
    """Object id of Grafana's identity, if there is one."""

    def __init__(self, name: str, args: ClusterMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:ClusterMetrics", name, None, opts)
        self._args, self._place = args, args.placement
        self._child = pulumi.ResourceOptions(parent=self)
        self.workspace_id = self._workspace()
        self._endpoint_id = self._endpoint()
        self._collect("prometheus", self._prometheus())
        self._collect("containers", self._containers())
        self.scopes = {Place.METRICS: self.workspace_id}
        self.principal_ids = {Principal.GRAFANA: self._grafana()} if args.dashboards else {}
        self.register_outputs({})

    def _workspace(self) -> pulumi.Output[str]:
        return monitor.AzureMonitorWorkspace(
            "metrics",
            azure_monitor_workspace_name=self._place.names.metrics,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            public_network_access=monitor.PublicNetworkAccess.ENABLED,
            tags=self._place.tags,
            opts=self._child,
        ).id

    def _endpoint(self) -> pulumi.Output[str]:
        return monitor.DataCollectionEndpoint(
            "collection",
            data_collection_endpoint_name=self._place.names.collection("cluster"),
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            kind=monitor.KnownDataCollectionEndpointResourceKind.LINUX,
            network_acls=monitor.DataCollectionEndpointNetworkAclsArgs(
                public_network_access=monitor.KnownPublicNetworkAccessOptions.ENABLED
            ),
            tags=self._place.tags,
            opts=self._child,
        ).id

    def _collect(self, what: str, flow: _Flow) -> None:
        """A rule, and the cluster's word that it goes by it; the association's name is the one that the agent looks for."""
        rule = monitor.DataCollectionRule(
            f"{what}-collection",
            data_collection_rule_name=self._place.names.collection(what),
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            kind=monitor.KnownDataCollectionRuleResourceKind.LINUX,
            data_collection_endpoint_id=self._endpoint_id,
            data_sources=flow.sources,
            destinations=flow.destinations,
            data_flows=[monitor.DataFlowArgs(streams=[flow.stream], destinations=[what])],
            tags=self._place.tags,
            opts=self._child,
        )
        monitor.DataCollectionRuleAssociation(
            f"{what}-association",
            association_name=flow.association,
            resource_uri=self._args.cluster_id,
            data_collection_rule_id=rule.id,
            opts=self._child,
        )

    def _prometheus(self) -> _Flow:
        account = monitor.MonitoringAccountDestinationArgs(name="prometheus", account_resource_id=self.workspace_id)
        forwarder = monitor.PrometheusForwarderDataSourceArgs(name="prometheus", streams=[PROMETHEUS])
        return _Flow(
            stream=PROMETHEUS,
            association="MSProm",
            sources=monitor.DataCollectionRuleDataSourcesArgs(prometheus_forwarder=[forwarder]),
            destinations=monitor.DataCollectionRuleDestinationsArgs(monitoring_accounts=[account]),
        )

    def _containers(self) -> _Flow:
        log = monitor.LogAnalyticsDestinationArgs(name="containers", workspace_resource_id=self._args.log_analytics_id)
        extension = monitor.ExtensionDataSourceArgs(
            name="containers",
            streams=[CONTAINERS],
            extension_name="ContainerInsights",
            extension_settings={"dataCollectionSettings": {"interval": "1m", "enableContainerLogV2": True}},
        )
        return _Flow(
            stream=CONTAINERS,
            association="ContainerInsightsExtension",
            sources=monitor.DataCollectionRuleDataSourcesArgs(extensions=[extension]),
            destinations=monitor.DataCollectionRuleDestinationsArgs(log_analytics=[log]),
        )

    def _grafana(self) -> pulumi.Output[str]:
        integration = dashboard.AzureMonitorWorkspaceIntegrationArgs(azure_monitor_workspace_resource_id=self.workspace_id)
        made = dashboard.Grafana(
            "grafana",
            workspace_name=self._place.names.grafana,
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            sku=dashboard.ResourceSkuArgs(name="Standard"),
            identity=dashboard.ManagedServiceIdentityArgs(type=dashboard.ManagedServiceIdentityType.SYSTEM_ASSIGNED),
            properties=dashboard.ManagedGrafanaPropertiesArgs(
                api_key=dashboard.ApiKey.DISABLED,
                # People come to it from outside and log in by Entra; it holds no data.
                public_network_access=dashboard.PublicNetworkAccess.ENABLED,
                grafana_integrations=dashboard.GrafanaIntegrationsArgs(azure_monitor_workspace_integrations=[integration]),
            ),
            tags=self._place.tags,
            opts=self._child,
        )
        return filled_in(made, made.identity, lambda identity: identity.principal_id or "" if identity else "")


@dataclass(frozen=True, kw_only=True)
class _Flow:
    stream: str
    association: str
    sources: monitor.DataCollectionRuleDataSourcesArgs
    destinations: monitor.DataCollectionRuleDestinationsArgs
