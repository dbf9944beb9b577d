"""Cases of Databricks, Azure ML, container groups and Kubernetes clusters."""

from __future__ import annotations

from typing import Any

from tests.policy.cases.break_case import Cases, bad, both, off, switch

NODES = "properties.properties"
DIGEST = "crforecasting.azurecr.io/scoring@sha256:" + "0123456789abcdef" * 4
POOL: dict[str, Any] = {
    "mode": "System",
    "maxPods": 50,
    "type": "VirtualMachineScaleSets",
    "osDiskType": "Ephemeral",
    "enableEncryptionAtHost": True,
    "enableAutoScaling": True,
    "minCount": 1,
    "maxCount": 3,
    "availabilityZones": ["1", "2", "3"],
    "enableNodePublicIP": False,
    "nodeTaints": ["CriticalAddonsOnly=true:NoSchedule"],
    "securityProfile": {"sshAccess": "Disabled"},
    "vmSize": "Standard_D4ds_v5",
}
CONTAINER: dict[str, Any] = {
    "name": "scoring",
    "image": DIGEST,
    "environmentVariables": [{"name": "SILVER_URL", "value": "abfss://silver"}, {"name": "API_TOKEN", "secureValue": "s"}],
    "livenessProbe": {"httpGet": {"port": 8443, "scheme": "https"}},
    "readinessProbe": {"httpGet": {"port": 8443, "scheme": "https"}},
    "securityContext": {"privileged": False, "allowPrivilegeEscalation": False, "runAsUser": 10001},
    "resources": {"limits": {"cpu": 1}},
}

GOOD: dict[str, dict[str, Any]] = {
    "azure-native:databricks:Workspace": {
        "publicNetworkAccess": "Disabled",
        "sku": {"name": "premium"},
        "parameters": {
            "enableNoPublicIp": {"value": True},
            "customVirtualNetworkId": {"value": "/subscriptions/s/vnet"},
            "customPublicSubnetName": {"value": "host"},
            "customPrivateSubnetName": {"value": "container"},
        },
        "defaultStorageFirewall": "Enabled",
        "accessConnector": {"id": "/subscriptions/s/connector", "identityType": "SystemAssigned"},
        "requiredNsgRules": "NoAzureDatabricksRules",
    },
    "azure-native:databricks:AccessConnector": {"identity": {"type": "SystemAssigned"}},
    "azure-native:machinelearningservices:Workspace": {
        "publicNetworkAccess": "Disabled",
        "allowPublicAccessWhenBehindVnet": False,
        "identity": {"type": "UserAssigned"},
        "primaryUserAssignedIdentity": "/subscriptions/s/id",
        "systemDatastoresAuthMode": "identity",
    },
    "azure-native:machinelearningservices:Compute": {
        "identity": {"type": "UserAssigned"},
        "properties": {
            "computeType": "AmlCompute",
            "disableLocalAuth": True,
            "properties": {
                "vmSize": "Standard_D4ds_v5",
                "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT10M"},
                "remoteLoginPortPublicAccess": "Disabled",
                "enableNodePublicIp": False,
            },
        },
    },
    "azure-native:containerinstance:ContainerGroup": {
        "identity": {"type": "UserAssigned"},
        "subnetIds": [{"id": "/subscriptions/s/subnet"}],
        "ipAddress": {"type": "Private"},
        "containers": [CONTAINER],
        "imageRegistryCredentials": [{"server": "crforecasting.azurecr.io", "identity": "/subscriptions/s/id"}],
    },
    "azure-native:containerservice:ManagedCluster": {
        "enableRBAC": True,
        "disableLocalAccounts": True,
        "networkProfile": {"networkPolicy": "cilium", "loadBalancerSku": "standard"},
        "addonProfiles": {
            "omsagent": {"enabled": True},
            "azurepolicy": {"enabled": True},
            "azureKeyvaultSecretsProvider": {"enabled": True, "config": {"enableSecretRotation": "true"}},
        },
        "autoUpgradeProfile": {"upgradeChannel": "stable", "nodeOSUpgradeChannel": "NodeImage"},
        "apiServerAccessProfile": {"enablePrivateCluster": True, "disableRunCommand": True},
        "aadProfile": {"managed": True, "enableAzureRBAC": True},
        "identity": {"type": "SystemAssigned"},
        "oidcIssuerProfile": {"enabled": True},
        "securityProfile": {
            "workloadIdentity": {"enabled": True},
            "defender": {"securityMonitoring": {"enabled": True}},
            "imageCleaner": {"enabled": True},
        },
        "sku": {"tier": "Standard"},
        "agentPoolProfiles": [POOL],
    },
    "azure-native:containerservice:AgentPool": POOL,
    "azure-native:containerservice:MaintenanceConfiguration": {"maintenanceWindow": {"durationHours": 4}},
}
SCALE = f"{NODES}.scaleSettings"
FIRST = "containers[0]"
API = "apiServerAccessProfile"
SECRETS = "addonProfiles.azureKeyvaultSecretsProvider"

CASES: dict[str, Cases] = {
    "dbw-no-public": Cases(bad("publicNetworkAccess", "Enabled", "disabled", "", False)),
    "dbw-premium": Cases(bad("sku.name", "standard", "trial", "Premium")),
    "dbw-no-public-ip": switch("parameters.enableNoPublicIp.value", wanted=True),
    "dbw-vnet": Cases(
        bad("parameters.customVirtualNetworkId", {})
        + bad("parameters.customPublicSubnetName.value", "", " ")
        + bad("parameters.customPrivateSubnetName", {}),
        later=tuple(
            f"parameters.{name}.value" for name in ("customVirtualNetworkId", "customPublicSubnetName", "customPrivateSubnetName")
        ),
    ),
    "dbw-storage-firewall": Cases(
        bad("defaultStorageFirewall", "Disabled", True) + bad("accessConnector", {}), later=("accessConnector.id",)
    ),
    "dbw-nsg-rules": Cases(bad("requiredNsgRules", "AllRules", "NoAzureServiceRules", "")),
    "dbw-connector-identity": Cases(bad("identity.type", "None", "none", ""), passes=({"identity.type": "UserAssigned"},)),
    "aml-public": Cases(bad("publicNetworkAccess", "Enabled", "disabled", "")),
    "aml-no-vnet-bypass": off("allowPublicAccessWhenBehindVnet"),
    "aml-user-identity": Cases(
        bad("identity.type", "SystemAssigned", "None") + bad("primaryUserAssignedIdentity", "", " "),
        later=("primaryUserAssignedIdentity",),
    ),
    "aml-identity-datastores": Cases(
        bad("systemDatastoresAuthMode", "accesskey", "", True), passes=({"systemDatastoresAuthMode": "Identity"},)
    ),
    "amlc-min-zero": Cases(
        bad(f"{SCALE}.minNodeCount", 1, "0", False, 0.5, -1, also=("cost-caps",))
        + both({"properties.computeType": "AMLCOMPUTE", f"{SCALE}.minNodeCount": 2}, "cost-caps")
        + both({"properties.computeType": None, f"{SCALE}.minNodeCount": 2}, "cost-caps"),
        passes=({"properties": {"computeType": "ComputeInstance"}}, {"properties": {"computeType": "Kubernetes"}}),
    ),
    "amlc-max-nodes": Cases(
        bad(f"{SCALE}.maxNodeCount", 9, 100, "4", also=("cost-caps",)) + bad(f"{SCALE}.maxNodeCount", 0),
        passes=({f"{SCALE}.maxNodeCount": 8}, {f"{SCALE}.maxNodeCount": 1}),
    ),
    "amlc-idle": Cases(
        bad(f"{SCALE}.nodeIdleTimeBeforeScaleDown", "PT31M", "PT1H", "P1D", "PT", "PT0S", "10", 600, ""),
        passes=({f"{SCALE}.nodeIdleTimeBeforeScaleDown": "PT30M"}, {f"{SCALE}.nodeIdleTimeBeforeScaleDown": "PT120S"}),
    ),
    "amlc-no-local-auth": switch("properties.disableLocalAuth", wanted=True),
    "amlc-no-ssh": Cases(bad(f"{NODES}.remoteLoginPortPublicAccess", "Enabled", "NotSpecified", "")),
    "amlc-no-public-ip": switch(f"{NODES}.enableNodePublicIp", wanted=False),
    "amlc-identity": Cases(
        bad("identity.type", "None", "SystemAssigned", ""), passes=({"identity.type": "SystemAssigned,UserAssigned"},)
    ),
    "aci-identity": Cases(bad("identity.type", "SystemAssigned", "None", "")),
    "aci-private": Cases(
        bad("ipAddress.type", "Public") + bad("subnetIds", []) + bad("subnetIds[0].id", ""),
        passes=({"ipAddress": None},),
    ),
    "aci-secure-env": Cases(
        bad(
            f"{FIRST}.environmentVariables[0]",
            *({"name": name, "value": "v"} for name in ("DB_PASSWORD", "client_secret", "STORAGE_ACCOUNT_KEY", "SAS")),
        ),
        passes=(
            {f"{FIRST}.environmentVariables[0]": {"name": "CLIENT_SECRET", "secureValue": "v"}},
            {f"{FIRST}.environmentVariables[0]": {"name": "TOKENS_PER_MINUTE", "value": "v"}},
        ),
        absent="passes",
    ),
    "aci-image-pinned": Cases(
        bad(
            f"{FIRST}.image", "crforecasting.azurecr.io/scoring", "scoring:latest", "localhost:5000/scoring", "", "a@sha256:12", 1
        ),
        passes=({f"{FIRST}.image": "crforecasting.azurecr.io/scoring:1.2"},),
    ),
    "aci-pull-by-identity": Cases(
        bad("imageRegistryCredentials[0].identity", "", " ") + bad("imageRegistryCredentials[0].password", "p"),
        absent={"imageRegistryCredentials[].identity": "fails", "imageRegistryCredentials[].password": "passes"},
        later=("imageRegistryCredentials[].identity",),
    ),
    "aci-https": Cases(
        bad(f"{FIRST}.livenessProbe.httpGet.scheme", "http", "") + bad(f"{FIRST}.readinessProbe.httpGet.scheme", "http"),
        passes=({f"{FIRST}.livenessProbe": {"exec": {"command": ["true"]}}},),
        absent="passes",
    ),
    "aci-probes": Cases(bad(f"{FIRST}.livenessProbe", "yes") + bad(f"{FIRST}.readinessProbe", True)),
    "aci-security-context": Cases(
        bad(f"{FIRST}.securityContext.privileged", True)
        + bad(f"{FIRST}.securityContext.allowPrivilegeEscalation", True)
        + bad(f"{FIRST}.securityContext.runAsUser", 0, "10001")
        + bad(f"{FIRST}.securityContext", {}, "none")
    ),
    "aci-limits": Cases(bad(f"{FIRST}.resources.limits", "1") + bad(f"{FIRST}.resources", {})),
    "aks-rbac": switch("enableRBAC", wanted=True),
    "aks-no-local-accounts": switch("disableLocalAccounts", wanted=True),
    "aks-network-policy": Cases(
        bad("networkProfile.networkPolicy", "none", "", "Cilium", True), passes=({"networkProfile.networkPolicy": "azure"},)
    ),
    "aks-container-insights": switch("addonProfiles.omsagent.enabled", wanted=True),
    "aks-upgrade-channel": Cases(
        bad("autoUpgradeProfile.upgradeChannel", "none", "", "Stable"), passes=({"autoUpgradeProfile.upgradeChannel": "patch"},)
    ),
    "aks-private-or-ranges": Cases(
        both({f"{API}.enablePrivateCluster": False, f"{API}.authorizedIPRanges": []})
        + bad(f"{API}.enablePrivateCluster", None, "true"),
        passes=({f"{API}.enablePrivateCluster": False, f"{API}.authorizedIPRanges": ["20.50.1.0/24"]},),
    ),
    "aks-no-run-command": switch(f"{API}.disableRunCommand", wanted=True),
    "aks-entra-rbac": Cases(
        bad("aadProfile.managed", False, "true") + bad("aadProfile.enableAzureRBAC", False, 1) + bad("aadProfile", {})
    ),
    "aks-identity": Cases(
        bad("identity.type", "None", "servicePrincipal", "") + bad("servicePrincipalProfile", {"clientId": "c", "secret": "s"}),
        passes=({"identity.type": "UserAssigned"},),
        absent={"identity.type": "fails", "servicePrincipalProfile": "passes"},
    ),
    "aks-workload-identity": Cases(
        bad("oidcIssuerProfile.enabled", False) + bad("securityProfile.workloadIdentity.enabled", False, "true")
    ),
    "aks-policy-addon": switch("addonProfiles.azurepolicy.enabled", wanted=True),
    "aks-secrets-store": switch(f"{SECRETS}.enabled", wanted=True),
    "aks-secret-rotation": Cases(bad(f"{SECRETS}.config.enableSecretRotation", "false", True, "")),
    "aks-no-http-routing": off("addonProfiles.httpApplicationRouting.enabled"),
    "aks-node-os-upgrade": Cases(
        bad("autoUpgradeProfile.nodeOSUpgradeChannel", "None", "Unmanaged", ""),
        passes=({"autoUpgradeProfile.nodeOSUpgradeChannel": "SecurityPatch"},),
    ),
    "aks-paid-tier": Cases(bad("sku.tier", "Free", "standard", ""), passes=({"sku.tier": "Premium"},)),
    "aks-defender": switch("securityProfile.defender.securityMonitoring.enabled", wanted=True),
    "aks-image-cleaner": switch("securityProfile.imageCleaner.enabled", wanted=True),
    "aks-standard-lb": Cases(bad("networkProfile.loadBalancerSku", "basic", "Standard", "")),
    "aks-version": Cases(
        bad("kubernetesVersion", "1.31", "1.9.7", "2.0", "latest", 1.34),
        passes=({"kubernetesVersion": "1.32"}, {"kubernetesVersion": "1.34.1"}),
        absent="passes",
    ),
    "aks-maintenance": Cases(
        bad("maintenanceWindow", "Sunday") + both({"maintenanceWindow": None, "timeInWeek": []}),
        passes=({"maintenanceWindow": None, "timeInWeek": [{"day": "Sunday"}]},),
    ),
}

POOL_CASES: dict[str, Cases] = {
    "aks-max-pods": Cases(bad("maxPods", 49, 251, "50"), passes=({"maxPods": 250},)),
    "aks-scale-sets": Cases(bad("type", "AvailabilitySet", "VirtualMachines", "")),
    "aks-ephemeral-os": Cases(bad("osDiskType", "Managed", "ephemeral", "")),
    "aks-host-encryption": switch("enableEncryptionAtHost", wanted=True),
    "aks-autoscale": Cases(
        bad("enableAutoScaling", False, "true") + bad("maxCount", 11, also=("cost-caps",)) + bad("minCount", 11, "1", -1),
        passes=({"minCount": 0}, {"maxCount": 10}),
    ),
    "aks-zones": Cases(bad("availabilityZones", [], ["1"], ["1", "1"], "123"), passes=({"availabilityZones": ["1", "3"]},)),
    "aks-no-node-public-ip": off("enableNodePublicIP"),
    "aks-system-pool-taint": Cases(
        bad("nodeTaints", [], ["other=true:NoSchedule"]), passes=({"mode": "User", "nodeTaints": None},)
    ),
    "aks-no-node-ssh": Cases(bad("securityProfile.sshAccess", "LocalUser", "", False)),
}
"""Changes of a pool: of its own, or the first of a cluster."""
