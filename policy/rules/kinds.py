"""Every kind of resource that the programs may declare: how its name begins, and whether it bears tags and a place.

A kind that is not here is refused (`kinds-known`), so that neither a rename in the SDK nor a new kind passes unjudged.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """`named` is the input that holds its name, `prefixes` how the name may begin (Cloud Adoption Framework)."""

    named: str = ""
    prefixes: tuple[str, ...] = ()
    tagged: bool = True
    located: bool = True


CHILD = Kind(tagged=False, located=False)
"""Lies in another resource, and has neither tags nor a place of its own."""

AZURE: dict[str, Kind] = {
    "alertsmanagement:PrometheusRuleGroup": Kind("ruleGroupName"),
    "alertsmanagement:SmartDetectorAlertRule": Kind("alertRuleName"),
    "applicationinsights:Component": Kind("resourceName", ("ins-", "appi-")),
    "applicationinsights:Workbook": Kind(),
    "authorization:ManagementLockByScope": CHILD,
    "authorization:RoleAssignment": CHILD,
    "authorization:RoleDefinition": CHILD,
    "authorization:PimRoleEligibilitySchedule": CHILD,
    "consumption:Budget": CHILD,
    "containerinstance:ContainerGroup": Kind("containerGroupName", ("aci-",)),
    "containerregistry:AgentPool": Kind(),
    "containerregistry:Registry": Kind("registryName", ("cr",)),
    "containerservice:AgentPool": Kind(located=False),
    "containerservice:MaintenanceConfiguration": CHILD,
    "containerservice:ManagedCluster": Kind("resourceName", ("aks-",)),
    "costmanagement:Budget": CHILD,
    "dashboard:Dashboard": Kind("dashboardName", ("dash-",)),
    "dashboard:DashboardDefinition": CHILD,
    "dashboard:Grafana": Kind("workspaceName", ("amg",)),
    "databricks:AccessConnector": Kind("connectorName", ("dbac-",)),
    "databricks:Workspace": Kind("workspaceName", ("dbw-",)),
    "devcenter:DevCenter": Kind("devCenterName", ("dc-",)),
    "devcenter:Project": Kind("projectName", ("dcp-",)),
    "devopsinfrastructure:Pool": Kind("poolName", ("mdp-",)),
    "eventgrid:SystemTopic": Kind("systemTopicName", ("egst-",)),
    **{
        f"eventgrid:{source}EventSubscription": CHILD
        for source in ("SystemTopic", "", "Topic", "Domain", "DomainTopic", "PartnerTopic")
    },
    "eventhub:ConsumerGroup": CHILD,
    "eventhub:EventHub": CHILD,
    "eventhub:EventHubAuthorizationRule": CHILD,
    "eventhub:Namespace": Kind("namespaceName", ("evhns-", "evh-")),
    "eventhub:NamespaceAuthorizationRule": CHILD,
    "eventhub:NamespaceNetworkRuleSet": CHILD,
    "keyvault:Key": Kind(located=False),
    "keyvault:Secret": Kind(located=False),
    "keyvault:Vault": Kind("vaultName", ("kv-",)),
    "machinelearningservices:Compute": Kind(),
    "machinelearningservices:Workspace": Kind("workspaceName", ("mlw-",)),
    "managedidentity:FederatedIdentityCredential": CHILD,
    "managedidentity:UserAssignedIdentity": Kind("resourceName", ("id-",)),
    "monitor:ActionGroup": Kind("actionGroupName"),
    "monitor:ActivityLogAlert": Kind("activityLogAlertName"),
    "monitor:AzureMonitorWorkspace": Kind("azureMonitorWorkspaceName", ("amw-",)),
    "monitor:DataCollectionEndpoint": Kind(),
    "monitor:DataCollectionRule": Kind(),
    "monitor:DataCollectionRuleAssociation": CHILD,
    "monitor:DiagnosticSetting": CHILD,
    "monitor:MetricAlert": Kind("ruleName"),
    "monitor:PrivateLinkScope": Kind(),
    "monitor:PrivateLinkScopedResource": CHILD,
    "monitor:ScheduledQueryRule": Kind("ruleName"),
    "network:FlowLog": Kind("flowLogName"),
    "network:NatGateway": Kind("natGatewayName", ("ng-", "nat-", "natgw-")),
    "network:NetworkSecurityGroup": Kind("networkSecurityGroupName", ("nsg-",)),
    "network:NetworkWatcher": Kind(),
    "network:PrivateDnsZoneGroup": CHILD,
    "network:PrivateEndpoint": Kind("privateEndpointName", ("pe-", "pep-")),
    "network:PublicIPAddress": Kind("publicIpAddressName", ("pip-",)),
    "network:RouteTable": Kind("routeTableName", ("rt-",)),
    "network:SecurityRule": CHILD,
    "network:Subnet": CHILD,
    "network:VirtualNetwork": Kind("virtualNetworkName", ("vnet-",)),
    "operationalinsights:Workspace": Kind("workspaceName", ("log-",)),
    "privatedns:PrivateZone": Kind(),
    "privatedns:VirtualNetworkLink": Kind(),
    "resources:ResourceGroup": Kind("resourceGroupName", ("rg-",)),
    "storage:BlobContainer": CHILD,
    "storage:BlobServiceProperties": CHILD,
    "storage:ManagementPolicy": CHILD,
    "storage:StorageAccount": Kind("accountName", ("dls", "st")),
}
"""By kind, without the package's name."""

KUBERNETES: frozenset[str] = frozenset(
    {
        "apps/v1:DaemonSet",
        "apps/v1:Deployment",
        "apps/v1:ReplicaSet",
        "apps/v1:StatefulSet",
        "autoscaling/v2:HorizontalPodAutoscaler",
        "batch/v1:CronJob",
        "batch/v1:Job",
        "core/v1:ConfigMap",
        "core/v1:Namespace",
        "core/v1:PersistentVolumeClaim",
        "core/v1:Pod",
        "core/v1:Secret",
        "core/v1:Service",
        "core/v1:ServiceAccount",
        "gateway.networking.k8s.io/v1:Gateway",
        "gateway.networking.k8s.io/v1:HTTPRoute",
        "networking.k8s.io/v1:Ingress",
        "networking.k8s.io/v1:NetworkPolicy",
        "policy/v1:PodDisruptionBudget",
        "rbac.authorization.k8s.io/v1:ClusterRole",
        "rbac.authorization.k8s.io/v1:ClusterRoleBinding",
        "rbac.authorization.k8s.io/v1:Role",
        "rbac.authorization.k8s.io/v1:RoleBinding",
        "secrets-store.csi.x-k8s.io/v1:SecretProviderClass",
        "storage.k8s.io/v1:StorageClass",
    }
)
"""Kinds that are put into the cluster."""

UNJUDGED_PACKAGES = ("pulumi:", "mlops-forecasting")
"""The engine's own kinds (stack, providers, references) and the components, which hold nothing themselves."""


def is_known(kind: str) -> bool:
    """Tell whether the pack knows the kind."""
    package, _, rest = kind.partition(":")
    known = {"azure-native": AZURE, "kubernetes": KUBERNETES}.get(package)
    return rest in known if known is not None else kind.startswith(UNJUDGED_PACKAGES)


def tagged() -> tuple[str, ...]:
    """Return the kinds that bear tags."""
    return tuple(f"azure-native:{name}" for name, kind in AZURE.items() if kind.tagged)


def located() -> tuple[str, ...]:
    """Return the kinds that stand in a region."""
    return tuple(f"azure-native:{name}" for name, kind in AZURE.items() if kind.located)
