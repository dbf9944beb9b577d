"""Cases of storage, vault, registry, bus and deliveries."""

from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from tests.policy.cases.break_case import Break, Cases, bad, both, off, switch

HUB = {"endpointType": "EventHub", "resourceId": UNKNOWN_STRING_VALUE}
CONTAINER = {"endpointType": "StorageBlob", "resourceId": UNKNOWN_STRING_VALUE, "blobContainerName": "dead-letter"}
OWN = {"type": "SystemAssigned"}
SUBSCRIPTION: dict[str, Any] = {
    "deliveryWithResourceIdentity": {"identity": OWN, "destination": HUB},
    "deadLetterWithResourceIdentity": {"identity": OWN, "deadLetterDestination": CONTAINER},
    "filter": {
        "includedEventTypes": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed"],
        "subjectBeginsWith": "/blobServices/default/containers/bronze/",
    },
    "retryPolicy": {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440},
}
KEPT = {"enabled": True, "days": 7}

GOOD: dict[str, dict[str, Any]] = {
    "azure-native:storage:StorageAccount": {
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "networkRuleSet": {"defaultAction": "Deny", "bypass": "AzureServices"},
        "publicNetworkAccess": "Disabled",
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "defaultToOAuthAuthentication": True,
        "allowCrossTenantReplication": False,
        "isLocalUserEnabled": False,
        "encryption": {"requireInfrastructureEncryption": True},
        "isHnsEnabled": True,
        "accountName": "dlsforecasting",
        "sku": {"name": "Standard_ZRS"},
    },
    "azure-native:storage:BlobContainer": {"publicAccess": "None"},
    "azure-native:storage:BlobServiceProperties": {"deleteRetentionPolicy": KEPT, "containerDeleteRetentionPolicy": KEPT},
    "azure-native:keyvault:Vault": {
        "properties": {
            "enablePurgeProtection": True,
            "enableSoftDelete": True,
            "networkAcls": {"defaultAction": "Deny"},
            "publicNetworkAccess": "Disabled",
            "enableRbacAuthorization": True,
            "softDeleteRetentionInDays": 90,
        }
    },
    "azure-native:keyvault:Secret": {
        "properties": {"attributes": {"expires": 1830297600}, "contentType": "text/plain", "value": "s"}
    },
    "azure-native:containerregistry:Registry": {
        "adminUserEnabled": False,
        "anonymousPullEnabled": False,
        "publicNetworkAccess": "Disabled",
        "zoneRedundancy": "Enabled",
        "sku": {"name": "Premium"},
        "networkRuleSet": {"defaultAction": "Deny"},
        "policies": {
            "exportPolicy": {"status": "disabled"},
            "retentionPolicy": {"status": "enabled"},
            "azureADAuthenticationAsArmPolicy": {"status": "disabled"},
        },
    },
    "azure-native:eventhub:Namespace": {
        "disableLocalAuth": True,
        "minimumTlsVersion": "1.2",
        "sku": {"name": "Standard", "capacity": 1},
        "maximumThroughputUnits": 10,
        "isAutoInflateEnabled": True,
    },
    "azure-native:eventhub:NamespaceNetworkRuleSet": {
        "defaultAction": "Deny",
        "publicNetworkAccess": "Enabled",
        "trustedServiceAccessEnabled": True,
    },
    "azure-native:eventhub:EventHub": {"messageRetentionInDays": 7},
    "azure-native:eventgrid:SystemTopic": {"identity": OWN},
    **{
        f"azure-native:eventgrid:{kind}EventSubscription": SUBSCRIPTION
        for kind in ("SystemTopic", "", "Topic", "Domain", "DomainTopic", "PartnerTopic")
    },
}

KEEP = {"deleteRetentionPolicy": "st-blob-soft-delete", "containerDeleteRetentionPolicy": "st-container-soft-delete"}
VM = [f"properties.enabledFor{what}" for what in ("Deployment", "TemplateDeployment", "DiskEncryption")]
RETENTION = "retentionDescription.retentionTimeInHours"

CASES: dict[str, Cases] = {
    "st-https": switch("enableHttpsTrafficOnly", wanted=True),
    "st-tls12": Cases(bad("minimumTlsVersion", "TLS1_0", "TLS1_1", "TLS1_3", "tls1_2", "", 1.2)),
    "st-firewall": Cases(
        bad("networkRuleSet.defaultAction", "Allow", "deny", "", 0) + bad("networkRuleSet", {}, also=("st-bypass",))
    ),
    "st-bypass": Cases(bad("networkRuleSet.bypass", "None", "AzureServices, Logging", "Logging", ["AzureServices"])),
    "st-no-public": Cases(bad("publicNetworkAccess", "Enabled", "SecuredByPerimeter", "disabled", False)),
    "st-container-private": Cases(bad("publicAccess", "Blob", "Container", "none", "")),
    "st-no-anonymous": switch("allowBlobPublicAccess", wanted=False),
    "st-no-shared-key": switch("allowSharedKeyAccess", wanted=False),
    "st-oauth-default": switch("defaultToOAuthAuthentication", wanted=True),
    "st-no-cross-tenant": switch("allowCrossTenantReplication", wanted=False),
    "st-no-local-users": Cases(
        bad("isLocalUserEnabled", True, "no") + bad("isSftpEnabled", True, "false"),
        passes=({"isSftpEnabled": False},),
        absent={"isLocalUserEnabled": "fails", "isSftpEnabled": "passes"},
    ),
    "st-infra-encryption": switch("encryption.requireInfrastructureEncryption", wanted=True),
    "st-lake-hns": Cases(
        both({"isHnsEnabled": False, "accountName": "dlsforecasting"}) + bad("isHnsEnabled", "true", None),
        passes=({"accountName": "stforecasting", "isHnsEnabled": False}, {"accountName": "st1"}),
    ),
    "st-prod-replicated": Cases(
        bad("sku.name", "Standard_LRS", "Premium_LRS", "standard_zrs", 3),
        passes=({"sku.name": "Standard_GRS"}, {"sku.name": "Standard_RAGZRS"}),
    ),
    **{
        rule: Cases(
            bad(f"{name}.enabled", False, "true") + bad(f"{name}.days", 6, 0, "7", True, 366) + bad(name, {}),
            passes=({f"{name}.days": 365},),
        )
        for name, rule in KEEP.items()
    },
    "kv-purge": switch("properties.enablePurgeProtection", wanted=True),
    "kv-soft-delete": switch("properties.enableSoftDelete", wanted=True),
    "kv-firewall": Cases(
        bad("properties.networkAcls.defaultAction", "Allow", "deny", "") + bad("properties.networkAcls", {}, "Deny")
    ),
    "kv-no-public": Cases(
        bad("properties.publicNetworkAccess", "Enabled", "enabled", "", False),
        passes=({"properties.publicNetworkAccess": "disabled"},),
    ),
    "kv-secret-expiry": Cases(bad("properties.attributes.expires", 0, -1, "2030-01-01", True) + bad("properties.attributes", {})),
    "kv-secret-type": Cases(bad("properties.contentType", "", " "), later=("properties.contentType",)),
    "kv-rbac": switch("properties.enableRbacAuthorization", wanted=True),
    "kv-no-access-policies": Cases(
        bad("properties.accessPolicies", [{"objectId": "o"}], "none"),
        passes=({"properties.accessPolicies": []},),
        absent="passes",
    ),
    "kv-retention": Cases(bad("properties.softDeleteRetentionInDays", 7, 89, "90", True)),
    "kv-no-vm-flags": off(*VM),
    "acr-no-admin": switch("adminUserEnabled", wanted=False),
    "acr-no-anonymous": switch("anonymousPullEnabled", wanted=False),
    "acr-no-public": Cases(bad("publicNetworkAccess", "Enabled", "disabled", "", 0)),
    "acr-zones": Cases(bad("zoneRedundancy", "Disabled", "enabled", True)),
    "acr-sku": Cases(bad("sku.name", "Basic", "Standard", "premium", "Classic")),
    "acr-firewall": Cases(
        both({"networkRuleSet.defaultAction": "Allow", "publicNetworkAccess": "Enabled"}, "acr-no-public")
        + both({"networkRuleSet": None, "publicNetworkAccess": "Enabled"}, "acr-no-public"),
        passes=({"networkRuleSet": None}, {"networkRuleSet.defaultAction": "Allow"}),
        absent="passes",
        later=("networkRuleSet.defaultAction",),
    ),
    "acr-no-export": Cases(bad("policies.exportPolicy.status", "enabled", "Disabled", False) + bad("policies.exportPolicy", {})),
    "acr-retention": Cases(bad("policies.retentionPolicy.status", "disabled", "Enabled", True)),
    "acr-no-arm-token": Cases(bad("policies.azureADAuthenticationAsArmPolicy.status", "enabled", "", 1)),
    "eh-no-local-auth": switch("disableLocalAuth", wanted=True),
    "eh-tls12-explicit": Cases(bad("minimumTlsVersion", "1.0", "1.1", 1.2, "TLS1_2")),
    "eh-firewall": Cases(
        both({"defaultAction": "Allow", "publicNetworkAccess": "Enabled"}) + bad("defaultAction", "deny", ""),
        passes=({"defaultAction": "Allow", "publicNetworkAccess": "Disabled"},),
    ),
    "eh-trusted-services": switch("trustedServiceAccessEnabled", wanted=True),
    "eh-sku": Cases(bad("sku.name", "Basic", "standard", ""), passes=({"sku.name": "Premium"},)),
    "eh-throughput-cap": Cases(
        both({"maximumThroughputUnits": 0, "isAutoInflateEnabled": True}) + bad("maximumThroughputUnits", 11, "10", None),
        passes=(
            {"isAutoInflateEnabled": False, "maximumThroughputUnits": 0},
            {"isAutoInflateEnabled": None, "maximumThroughputUnits": None},
        ),
    ),
    "eh-no-auth-rules": Cases(()),
    "eh-hub-no-auth-rules": Cases(()),
    "eh-hub-retention": Cases(
        bad("messageRetentionInDays", 0, 8, "7") + both({"messageRetentionInDays": None, RETENTION: 24 * 8}),
        passes=({"messageRetentionInDays": 1}, {"messageRetentionInDays": None, RETENTION: 24}),
    ),
    "eg-topic-identity": Cases(
        bad("identity.type", "UserAssigned", "None", "systemassigned"),
        passes=({"identity.type": "SystemAssigned, UserAssigned"},),
    ),
    "eg-identity-delivery": Cases(
        bad("destination", HUB, {})
        + bad("deliveryWithResourceIdentity.identity.type", "UserAssigned", "systemassigned")
        + bad("deliveryWithResourceIdentity.destination", "the hub")
        + bad("deliveryWithResourceIdentity", {}),
        absent={
            "destination": "passes",
            "deliveryWithResourceIdentity.identity.type": "fails",
            "deliveryWithResourceIdentity.destination": "fails",
        },
    ),
    "eg-dead-letter": Cases(
        bad("deadLetterWithResourceIdentity", {}, {"deadLetterDestination": CONTAINER})
        + bad("deadLetterWithResourceIdentity.identity.type", "UserAssigned")
        + bad("deadLetterWithResourceIdentity.deadLetterDestination", "the container")
    ),
    "eg-filtered": Cases(
        bad("filter.includedEventTypes", [], ["All"], ["all "], [""], "Microsoft.Storage.BlobCreated", [1])
        + bad("filter.includedEventTypes", ["Microsoft.Storage.BlobCreated", "ALL"], [UNKNOWN_STRING_VALUE, "All"])
        + bad("filter.subjectBeginsWith", "", " ", 7)
        + both({"filter.subjectBeginsWith": None}),
        passes=(
            {"filter": {"includedEventTypes": ["Microsoft.ContainerRegistry.ImagePushed"]}},
            {"filter.includedEventTypes": ["Microsoft.MachineLearningServices.RunCompleted"], "filter.subjectBeginsWith": None},
        ),
        absent={"filter.includedEventTypes": "fails", "filter": "fails"},
    ),
    "eg-retry": Cases(
        bad("retryPolicy.maxDeliveryAttempts", 0, 31, "30")
        + bad("retryPolicy.eventTimeToLiveInMinutes", 0, 1441, True)
        + bad("retryPolicy", {}),
        passes=({"retryPolicy.maxDeliveryAttempts": 1}, {"retryPolicy.eventTimeToLiveInMinutes": 1}),
    ),
}
FORBIDDEN = {
    "eh-no-auth-rules": "azure-native:eventhub:NamespaceAuthorizationRule",
    "eh-hub-no-auth-rules": "azure-native:eventhub:EventHubAuthorizationRule",
    "k8s-no-secrets": "kubernetes:core/v1:Secret",
}
"""Rules that refuse a kind whatever it says."""

__all__ = ["CASES", "FORBIDDEN", "GOOD", "Break"]
