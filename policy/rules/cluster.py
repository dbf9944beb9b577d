"""Rules for Kubernetes clusters; those of their nodes are in node_pools."""

from __future__ import annotations

import re
from functools import partial

from pulumi_policy import Severity

from .checks import absent, an_object, either, equal, one_of, unset_or_false
from .properties import is_list
from .rule import Check, Rule, Terms
from .sources import built_in, checkov, ckv, pol, psrule

CLUSTER = "azure-native:containerservice:ManagedCluster"
DOCS = "https://learn.microsoft.com/azure/aks"
API = "apiServerAccessProfile"
VERSION = re.compile(r"1\.(\d{1,3})(?:\.\d{1,4})?")

_cluster = partial(Rule, kinds=(CLUSTER,))


def _has_entries(value: object) -> bool:
    return is_list(value) and len(value) > 0


def _recent(terms: Terms) -> tuple[Check, ...]:
    """The version is left to Azure, or is not older than the stack allows."""

    def holds(value: object) -> bool:
        found = VERSION.fullmatch(value) if isinstance(value, str) else None
        return value is None or (found is not None and int(found.group(1)) >= int(str(terms["oldest"]).partition(".")[2]))

    return (Check("kubernetesVersion", holds, f"kubernetesVersion = {terms['oldest']} or newer, or not set"),)


RULES = (
    _cluster(
        id="aks-rbac",
        title="Kubernetes knows roles",
        breach="Whoever gets into the cluster may do everything in it.",
        checks=(equal("enableRBAC", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("38", ckv(5)),
        remedy="Set enable_rbac=True on the ManagedCluster; it can't be changed on a cluster that exists.",
        url=f"{DOCS}/operator-best-practices-identity",
    ),
    _cluster(
        id="aks-no-local-accounts",
        title="Kubernetes clusters have no local accounts",
        breach="The cluster may be entered with a certificate that names nobody and that no role can withdraw.",
        checks=(equal("disableLocalAccounts", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("31", ckv(141), pol("993c2fcd")),
        remedy="Set disable_local_accounts=True on the ManagedCluster, with an Entra aad_profile to log in by.",
        url=f"{DOCS}/manage-local-accounts-managed-azure-ad",
    ),
    _cluster(
        id="aks-network-policy",
        title="Kubernetes enforces network policies",
        breach="Network policies are accepted and do nothing, so every pod reaches every other.",
        checks=(one_of("networkProfile.networkPolicy", "azure", "calico", "cilium"),),
        severity=Severity.HIGH,
        source=psrule("27", ckv(7)),
        remedy='Set network_profile.network_policy="cilium" on the ManagedCluster.',
        url=f"{DOCS}/use-network-policies",
    ),
    _cluster(
        id="aks-container-insights",
        title="Logs and metrics of the cluster are collected",
        breach="What went on in the cluster is gone with its pods.",
        checks=(equal("addonProfiles.omsagent.enabled", wanted=True),),
        severity=Severity.MEDIUM,
        source=psrule("41", ckv(4)),
        remedy="Enable the add-on omsagent with the Log Analytics workspace.",
        url="https://learn.microsoft.com/azure/azure-monitor/containers/container-insights-overview",
    ),
    _cluster(
        id="aks-upgrade-channel",
        title="Clusters keep themselves up to date",
        breach="The cluster stays on a version whose holes are public.",
        checks=(one_of("autoUpgradeProfile.upgradeChannel", "patch", "stable", "rapid", "node-image"),),
        severity=Severity.MEDIUM,
        source=psrule("36", ckv(171), pol("5c345cdf")),
        remedy='Set auto_upgrade_profile.upgrade_channel="stable" on the ManagedCluster.',
        url=f"{DOCS}/auto-upgrade-cluster",
    ),
    _cluster(
        id="aks-private-or-ranges",
        title="The API server answers to known networks only",
        breach="The API server answers to the whole world.",
        checks=(
            either(
                equal(f"{API}.enablePrivateCluster", wanted=True),
                Check(f"{API}.authorizedIPRanges", _has_entries, f"{API}.authorizedIPRanges not empty"),
            ),
        ),
        severity=Severity.HIGH,
        source=psrule("30", ckv(6), ckv(115), pol("040732e8")),
        remedy="Set api_server_access_profile.enable_private_cluster=True, or authorized_ip_ranges.",
        url=f"{DOCS}/api-server-authorized-ip-ranges",
    ),
    _cluster(
        id="aks-no-run-command",
        title="Nobody runs commands past the API server",
        breach="Run command gives a shell in the cluster to whoever may read it on Azure.",
        checks=(equal(f"{API}.disableRunCommand", wanted=True),),
        severity=Severity.MEDIUM,
        source=built_in("89f2d532"),
        remedy="Set api_server_access_profile.disable_run_command=True on the ManagedCluster.",
        url=f"{DOCS}/access-private-cluster",
    ),
    _cluster(
        id="aks-entra-rbac",
        title="Rights in the cluster are Azure roles",
        breach="Rights in the cluster are given by bindings that no review of roles shows.",
        checks=(equal("aadProfile.managed", wanted=True), equal("aadProfile.enableAzureRBAC", wanted=True)),
        severity=Severity.HIGH,
        source=psrule("29", "PSRule AZR-000032", pol("450d2877")),
        remedy="Set aad_profile with managed=True and enable_azure_rbac=True on the ManagedCluster.",
        url=f"{DOCS}/manage-azure-rbac",
    ),
    _cluster(
        id="aks-identity",
        title="The cluster is a managed identity",
        breach="The cluster logs in with a secret that somebody has to rotate.",
        checks=(one_of("identity.type", "SystemAssigned", "UserAssigned"), absent("servicePrincipalProfile", "identity")),
        severity=Severity.HIGH,
        source=psrule("25", pol("da6e2401")),
        remedy='Set identity.type="SystemAssigned" or "UserAssigned", and no service_principal_profile.',
        url=f"{DOCS}/use-managed-identity",
    ),
    _cluster(
        id="aks-workload-identity",
        title="Pods may act as identities",
        breach="Pods need secrets to reach anything on Azure.",
        checks=(
            equal("oidcIssuerProfile.enabled", wanted=True),
            equal("securityProfile.workloadIdentity.enabled", wanted=True),
        ),
        severity=Severity.HIGH,
        source=built_in("2cc2e023"),
        remedy="Enable oidc_issuer_profile and security_profile.workload_identity on the ManagedCluster.",
        url=f"{DOCS}/workload-identity-overview",
    ),
    _cluster(
        id="aks-policy-addon",
        title="Azure Policy judges what is put into the cluster",
        breach="What people apply by hand is judged by nobody.",
        checks=(equal("addonProfiles.azurepolicy.enabled", wanted=True),),
        severity=Severity.MEDIUM,
        source=psrule("28", ckv(116), pol("0a15ec92")),
        remedy="Enable the add-on azurepolicy on the ManagedCluster.",
        url="https://learn.microsoft.com/azure/governance/policy/concepts/policy-for-kubernetes",
    ),
    _cluster(
        id="aks-secrets-store",
        title="Pods read secrets from the vault",
        breach="Secrets lie in the cluster's own store, where every reader of the namespace finds them.",
        checks=(equal("addonProfiles.azureKeyvaultSecretsProvider.enabled", wanted=True),),
        severity=Severity.MEDIUM,
        source=psrule("33"),
        remedy="Enable the add-on azureKeyvaultSecretsProvider on the ManagedCluster.",
        url=f"{DOCS}/csi-secrets-store-driver",
    ),
    _cluster(
        id="aks-secret-rotation",
        title="Pods notice that a secret was rotated",
        breach="Pods go on with a secret that was withdrawn.",
        # ARM has a string here; Checkov CKV_AZURE_172 looks for a boolean and is of no use.
        checks=(equal("addonProfiles.azureKeyvaultSecretsProvider.config.enableSecretRotation", wanted="true"),),
        severity=Severity.LOW,
        source=psrule("34"),
        remedy='Set config={"enableSecretRotation": "true"} of the add-on azureKeyvaultSecretsProvider.',
        url=f"{DOCS}/csi-secrets-store-configuration-options",
    ),
    _cluster(
        id="aks-no-http-routing",
        title="The cluster publishes nothing by itself",
        breach="HTTP application routing puts services on public addresses without TLS; it was never meant for production.",
        checks=(unset_or_false("addonProfiles.httpApplicationRouting.enabled"),),
        severity=Severity.HIGH,
        source=psrule("35", ckv(246)),
        remedy="Take the add-on httpApplicationRouting away.",
        url=f"{DOCS}/http-application-routing",
    ),
    _cluster(
        id="aks-node-os-upgrade",
        title="Nodes get security patches by themselves",
        breach="Nodes keep running a kernel whose holes are public.",
        checks=(one_of("autoUpgradeProfile.nodeOSUpgradeChannel", "NodeImage", "SecurityPatch"),),
        severity=Severity.MEDIUM,
        source=psrule("Azure.AKS.NodeAutoUpgrade", pol("04408ca5")),
        remedy='Set auto_upgrade_profile.node_os_upgrade_channel="NodeImage" on the ManagedCluster.',
        url=f"{DOCS}/auto-upgrade-node-os-image",
    ),
    _cluster(
        id="aks-paid-tier",
        title="Azure answers for the API server",
        breach="The free tier promises nothing: the API server may be away for hours.",
        checks=(one_of("sku.tier", "Standard", "Premium"),),
        severity=Severity.MEDIUM,
        source=checkov("170", "PSRule Azure.AKS.UptimeSLA"),
        remedy="Set cluster.tier in Pulumi.<stack>.yaml to Standard.",
        url=f"{DOCS}/free-standard-pricing-tiers",
    ),
    _cluster(
        id="aks-defender",
        title="Defender watches the cluster",
        breach="An intruder in the cluster is noticed by nobody.",
        checks=(equal("securityProfile.defender.securityMonitoring.enabled", wanted=True),),
        severity=Severity.MEDIUM,
        source=psrule("Azure.AKS.DefenderProfile", pol("a1840de2")),
        remedy="Enable security_profile.defender with the Log Analytics workspace.",
        url="https://learn.microsoft.com/azure/defender-for-cloud/defender-for-containers-introduction",
    ),
    _cluster(
        id="aks-image-cleaner",
        title="Nodes drop images that nobody uses",
        breach="Old images with known holes stay on the nodes' disks.",
        checks=(equal("securityProfile.imageCleaner.enabled", wanted=True),),
        severity=Severity.LOW,
        source=built_in("af3c26b2"),
        remedy="Enable security_profile.image_cleaner on the ManagedCluster.",
        url=f"{DOCS}/image-cleaner",
    ),
    _cluster(
        id="aks-standard-lb",
        title="The cluster's load balancer has source ranges",
        breach="The Basic load balancer knows no zones and no security groups, and Azure retires it.",
        checks=(equal("networkProfile.loadBalancerSku", wanted="standard"),),
        severity=Severity.MEDIUM,
        source=psrule("26"),
        remedy='Set network_profile.load_balancer_sku="standard" on the ManagedCluster.',
        url=f"{DOCS}/load-balancer-standard",
    ),
    _cluster(
        id="aks-version",
        title="The cluster's version is supported",
        breach="Azure supports the three newest minor versions; on older ones holes stay open.",
        checks=_recent,
        severity=Severity.HIGH,
        source=psrule("15"),
        remedy="Leave kubernetes_version to the upgrade channel, or raise it.",
        url=f"{DOCS}/supported-kubernetes-versions",
        terms={"oldest": {"type": "string", "default": "1.32"}},
    ),
    Rule(
        id="aks-maintenance",
        title="Upgrades come at a time that is agreed",
        breach="Nodes may be replaced in the busiest hour of the week.",
        kinds=("azure-native:containerservice:MaintenanceConfiguration",),
        checks=(either(an_object("maintenanceWindow"), Check("timeInWeek", _has_entries, "timeInWeek not empty")),),
        severity=Severity.LOW,
        source=psrule("Azure.AKS.MaintenanceWindow"),
        remedy="Set maintenance_window on the MaintenanceConfiguration.",
        url=f"{DOCS}/planned-maintenance",
    ),
)
