"""Kubernetes clusters; the addresses have Azure's form, nothing local listens there."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, NameRule, rule, uuid_of
from local.provider.wire import Properties
from local.tokens import TENANT

SCHEDULE = NameRule(
    pattern="default|aksManagedAutoUpgradeSchedule|aksManagedNodeOSUpgradeSchedule",
    words="default, aksManagedAutoUpgradeSchedule or aksManagedNodeOSUpgradeSchedule",
)


def _cluster(_endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    region = inputs.get("location", "")
    issuer = f"https://{region}.oic.prod-aks.azure.com/{TENANT}/{uuid_of(resource_id, 'issuer')}/"
    kubelet = {"clientId": uuid_of(resource_id, "kubelet/client"), "objectId": uuid_of(resource_id, "kubelet/principal")}
    prefix = inputs.get("dnsPrefix", "")
    enabled = bool((inputs.get("oidcIssuerProfile") or {}).get("enabled"))
    return {
        "fqdn": f"{prefix}-{uuid_of(resource_id, 'fqdn')[:8]}.hcp.{region}.azmk8s.io",
        "identityProfile": {"kubeletidentity": kubelet},
        "provisioningState": "Succeeded",
        **({"oidcIssuerProfile": {**inputs["oidcIssuerProfile"], "issuerURL": issuer}} if enabled else {}),
    }


CLUSTER = Kind(
    sdk_type="azure-native:containerservice:ManagedCluster",
    arm_type="Microsoft.ContainerService/managedClusters",
    names=("resourceName",),
    rule=rule(RULES["kubernetes"]),
    outputs=_cluster,
    replace=("dnsPrefix", "nodeResourceGroup", "networkProfile.networkPlugin", "agentPoolProfiles.vnetSubnetID"),
    one_per_stack=True,
)
MAINTENANCE = Kind(
    sdk_type="azure-native:containerservice:MaintenanceConfiguration",
    arm_type="Microsoft.ContainerService/managedClusters/maintenanceConfigurations",
    names=("resourceName", "configName"),
    rule=SCHEDULE,
)
KINDS = (CLUSTER, MAINTENANCE)
