"""Kubernetes cluster for the scoring service and the event handler."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerservice as aks

from infra.placement import Exports, Placement, filled_in
from infra.sections import ClusterSettings, PoolSettings

SCHEDULES = ("aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
"""Names that AKS knows: upgrades of Kubernetes, and of the nodes' images."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """Pools, subnet and identity of the cluster, where its logs go, and the roles that the identity must hold before."""

    placement: Placement
    identity_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    way_out: pulumi.Input[str]
    log_analytics_id: pulumi.Input[str]
    settings: ClusterSettings
    ready: Sequence[pulumi.Resource]


class Cluster(pulumi.ComponentResource):
    """A cluster that people and workloads enter by Entra identities alone."""

    id: pulumi.Output[str]
    """ARM id of the cluster."""
    name: pulumi.Output[str]
    """Name of the cluster."""
    kubelet_principal_id: pulumi.Output[str]
    """Object id of the identity by which nodes pull images."""
    issuer_url: pulumi.Output[str]
    """Who issues the tokens of the cluster's service accounts."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Cluster", name, None, opts)
        scaled = ["agentPoolProfiles[0].count", "agentPoolProfiles[1].count"]
        opts = pulumi.ResourceOptions(parent=self, ignore_changes=scaled, depends_on=list(args.ready))
        cluster = _declare(name, args, opts)
        self.id, self.name = cluster.id, cluster.name
        for schedule in SCHEDULES:
            _maintenance(schedule, cluster, args, pulumi.ResourceOptions(parent=self))
        self.kubelet_principal_id = filled_in(
            cluster,
            cluster.identity_profile,
            lambda identities: identities["kubeletidentity"].object_id or "" if identities else "",
        )
        self.issuer_url = filled_in(
            cluster, cluster.oidc_issuer_profile, lambda profile: profile.issuer_url or "" if profile else ""
        )
        self.exports = {"kubernetes_name": cluster.name}
        self.register_outputs(self.exports)


def _declare(name: str, args: ClusterArgs, opts: pulumi.ResourceOptions) -> aks.ManagedCluster:
    placement = args.placement
    return aks.ManagedCluster(
        name,
        resource_name_=placement.names.kubernetes,
        resource_group_name=placement.resource_group,
        location=placement.location,
        dns_prefix=placement.names.kubernetes,
        sku=aks.ManagedClusterSKUArgs(name=aks.ManagedClusterSKUName.BASE, tier=args.settings.tier),
        identity=aks.ManagedClusterIdentityArgs(
            type=aks.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
        ),
        enable_rbac=True,
        disable_local_accounts=True,
        aad_profile=aks.ManagedClusterAADProfileArgs(managed=True, enable_azure_rbac=True, tenant_id=placement.tenant_id),
        api_server_access_profile=_api_server(args),
        oidc_issuer_profile=aks.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=_security(args),
        network_profile=_network(),
        auto_upgrade_profile=aks.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel=aks.UpgradeChannel.STABLE, node_os_upgrade_channel=aks.NodeOSUpgradeChannel.NODE_IMAGE
        ),
        azure_monitor_profile=aks.ManagedClusterAzureMonitorProfileArgs(
            metrics=aks.ManagedClusterAzureMonitorProfileMetricsArgs(enabled=True)
        ),
        addon_profiles=_addons(args.log_analytics_id),
        agent_pool_profiles=[_system_pool(args), _user_pool(args)],
        tags=placement.tags,
        opts=opts,
    )


def _api_server(args: ClusterArgs) -> aks.ManagedClusterAPIServerAccessProfileArgs:
    if args.placement.private:
        return aks.ManagedClusterAPIServerAccessProfileArgs(
            enable_private_cluster=True,
            enable_private_cluster_public_fqdn=False,
            private_dns_zone="system",
            disable_run_command=True,
        )
    return aks.ManagedClusterAPIServerAccessProfileArgs(
        enable_private_cluster=False,
        disable_run_command=True,
        # Nodes call it from the gateway's address, which AKS admits by itself only for gateways of its own.
        authorized_ip_ranges=[*args.placement.allowed_addresses, pulumi.Output.concat(args.way_out, "/32")],
    )


def _security(args: ClusterArgs) -> aks.ManagedClusterSecurityProfileArgs:
    return aks.ManagedClusterSecurityProfileArgs(
        workload_identity=aks.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=aks.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
        defender=aks.ManagedClusterSecurityProfileDefenderArgs(
            log_analytics_workspace_resource_id=args.log_analytics_id,
            security_monitoring=aks.ManagedClusterSecurityProfileDefenderSecurityMonitoringArgs(enabled=True),
        )
        if args.settings.defender
        else None,
    )


def _network() -> aks.ContainerServiceNetworkProfileArgs:
    return aks.ContainerServiceNetworkProfileArgs(
        network_plugin=aks.NetworkPlugin.AZURE,
        network_plugin_mode=aks.NetworkPluginMode.OVERLAY,
        network_dataplane=aks.NetworkDataplane.CILIUM,
        network_policy=aks.NetworkPolicy.CILIUM,
        load_balancer_sku=aks.LoadBalancerSku.STANDARD,
        outbound_type=aks.OutboundType.USER_ASSIGNED_NAT_GATEWAY,
        # Neither may overlap with the virtual network (infra.sections.NetworkSettings).
        pod_cidr="192.168.0.0/16",
        service_cidr="172.16.0.0/16",
        dns_service_ip="172.16.0.10",
    )


def _addons(log_analytics_id: pulumi.Input[str]) -> dict[str, aks.ManagedClusterAddonProfileArgs]:
    return {
        "azurepolicy": aks.ManagedClusterAddonProfileArgs(enabled=True),
        "azureKeyvaultSecretsProvider": aks.ManagedClusterAddonProfileArgs(
            enabled=True, config={"enableSecretRotation": "true", "rotationPollInterval": "2m"}
        ),
        "omsagent": aks.ManagedClusterAddonProfileArgs(
            enabled=True, config={"logAnalyticsWorkspaceResourceID": log_analytics_id, "useAADAuth": "true"}
        ),
    }


def _system_pool(args: ClusterArgs) -> aks.ManagedClusterAgentPoolProfileArgs:
    taints = ["CriticalAddonsOnly=true:NoSchedule"] if args.settings.dedicated_system_pool else []
    return _pool("system", aks.AgentPoolMode.SYSTEM, args.settings.system, args, taints)


def _user_pool(args: ClusterArgs) -> aks.ManagedClusterAgentPoolProfileArgs:
    return _pool("work", aks.AgentPoolMode.USER, args.settings.user, args, [])


def _pool(
    name: str, mode: aks.AgentPoolMode, pool: PoolSettings, args: ClusterArgs, taints: list[str]
) -> aks.ManagedClusterAgentPoolProfileArgs:
    settings = args.settings
    return aks.ManagedClusterAgentPoolProfileArgs(
        name=name,
        mode=mode,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        os_type=aks.OSType.LINUX,
        os_sku=aks.OSSKU.AZURE_LINUX,
        os_disk_type=settings.os_disk,
        vm_size=pool.size,
        vnet_subnet_id=args.subnet_id,
        count=pool.least,
        enable_auto_scaling=True,
        min_count=pool.least,
        max_count=pool.most,
        max_pods=50,
        node_taints=taints,
        availability_zones=list(settings.zones) or None,
        enable_encryption_at_host=settings.host_encryption,
        enable_node_public_ip=False,
        security_profile=aks.AgentPoolSecurityProfileArgs(ssh_access=aks.AgentPoolSSHAccess.DISABLED),
        upgrade_settings=aks.AgentPoolUpgradeSettingsArgs(max_surge="33%"),
    )


def _maintenance(schedule: str, cluster: aks.ManagedCluster, args: ClusterArgs, opts: pulumi.ResourceOptions) -> None:
    """Upgrades come in the night to Sunday, when the fewest ask for forecasts."""
    weekly = aks.WeeklyScheduleArgs(day_of_week=aks.WeekDay.SUNDAY, interval_weeks=1)
    aks.MaintenanceConfiguration(
        schedule,
        config_name=schedule,
        resource_name_=cluster.name,
        resource_group_name=args.placement.resource_group,
        maintenance_window=aks.MaintenanceWindowArgs(
            schedule=aks.ScheduleArgs(weekly=weekly), start_time="01:00", duration_hours=4, utc_offset="+00:00"
        ),
        opts=opts,
    )
