"""Kubernetes cluster for the scoring service and the event handler."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerservice as aks

from infra.placement import Exports, Placement, filled_in
from infra.settings import ClusterSettings


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """The cluster's node pool, and where its logs go."""

    placement: Placement
    log_analytics_id: pulumi.Input[str]
    settings: ClusterSettings


class Cluster(pulumi.ComponentResource):
    """A cluster that people and workloads enter by Entra identities alone."""

    kubelet_principal_id: pulumi.Output[str]
    """Object id of the identity by which nodes pull images."""
    issuer_url: pulumi.Output[str]
    """Who issues the tokens of the cluster's service accounts."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Cluster", name, None, opts)
        cluster = _declare(name, args, pulumi.ResourceOptions(parent=self, ignore_changes=["agentPoolProfiles[0].count"]))
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
        identity=aks.ManagedClusterIdentityArgs(type=aks.ResourceIdentityType.SYSTEM_ASSIGNED),
        enable_rbac=True,
        disable_local_accounts=True,
        aad_profile=aks.ManagedClusterAADProfileArgs(managed=True, enable_azure_rbac=True, tenant_id=placement.tenant_id),
        api_server_access_profile=_api_server(placement),
        oidc_issuer_profile=aks.ManagedClusterOIDCIssuerProfileArgs(enabled=True),
        security_profile=_security(),
        network_profile=_network(),
        auto_upgrade_profile=aks.ManagedClusterAutoUpgradeProfileArgs(
            upgrade_channel=aks.UpgradeChannel.STABLE, node_os_upgrade_channel=aks.NodeOSUpgradeChannel.NODE_IMAGE
        ),
        addon_profiles=_addons(args.log_analytics_id),
        agent_pool_profiles=[_pool(args.settings)],
        tags=placement.tags,
        opts=opts,
    )


def _api_server(placement: Placement) -> aks.ManagedClusterAPIServerAccessProfileArgs:
    return aks.ManagedClusterAPIServerAccessProfileArgs(
        enable_private_cluster=False,
        disable_run_command=True,
        # An empty list would open the API server to everyone; 0.0.0.0/32 admits nobody but the cluster's own nodes.
        authorized_ip_ranges=list(placement.allowed_addresses) or ["0.0.0.0/32"],
    )


def _security() -> aks.ManagedClusterSecurityProfileArgs:
    return aks.ManagedClusterSecurityProfileArgs(
        workload_identity=aks.ManagedClusterSecurityProfileWorkloadIdentityArgs(enabled=True),
        image_cleaner=aks.ManagedClusterSecurityProfileImageCleanerArgs(enabled=True, interval_hours=168),
    )


def _network() -> aks.ContainerServiceNetworkProfileArgs:
    return aks.ContainerServiceNetworkProfileArgs(
        network_plugin=aks.NetworkPlugin.AZURE,
        network_plugin_mode=aks.NetworkPluginMode.OVERLAY,
        network_dataplane=aks.NetworkDataplane.CILIUM,
        network_policy=aks.NetworkPolicy.CILIUM,
        load_balancer_sku=aks.LoadBalancerSku.STANDARD,
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


def _pool(settings: ClusterSettings) -> aks.ManagedClusterAgentPoolProfileArgs:
    return aks.ManagedClusterAgentPoolProfileArgs(
        name="system",
        mode=aks.AgentPoolMode.SYSTEM,
        type=aks.AgentPoolType.VIRTUAL_MACHINE_SCALE_SETS,
        os_type=aks.OSType.LINUX,
        os_sku=aks.OSSKU.AZURE_LINUX,
        os_disk_type=settings.os_disk,
        vm_size=settings.node_size,
        count=settings.min_nodes,
        enable_auto_scaling=True,
        min_count=settings.min_nodes,
        max_count=settings.max_nodes,
        max_pods=50,
        availability_zones=list(settings.zones) or None,
        enable_encryption_at_host=settings.host_encryption,
        enable_node_public_ip=False,
    )
