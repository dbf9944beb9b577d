"""Cases of the network, telemetry, roles and conventions."""

from __future__ import annotations

from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.rules.kinds import AZURE
from tests.policy.cases.break_case import Break, Cases, bad, both, off, switch

ROLE = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/"
READER = ROLE + "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
OWNER = ROLE + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
GROUP = "/subscriptions/s/resourceGroups/rg"
INBOUND: dict[str, Any] = {
    "access": "Allow",
    "direction": "Inbound",
    "sourceAddressPrefix": "VirtualNetwork",
    "destinationPortRange": "22",
}
ASSIGNMENT = {
    "roleDefinitionId": READER,
    "principalId": UNKNOWN_STRING_VALUE,
    "scope": UNKNOWN_STRING_VALUE,
    "principalType": "ServicePrincipal",
}
SUBNET = {"name": "pods", "networkSecurityGroup": {"id": UNKNOWN_STRING_VALUE}, "defaultOutboundAccess": False}
NOTIFIED = {"actual": {"enabled": True, "contactEmails": ["owner@example.com"]}}

GOOD: dict[str, dict[str, Any]] = {
    "azure-native:network:NetworkSecurityGroup": {"securityRules": [INBOUND]},
    "azure-native:network:SecurityRule": INBOUND,
    "azure-native:network:VirtualNetwork": {"subnets": [SUBNET]},
    "azure-native:network:Subnet": {**SUBNET, "subnetName": "pods"},
    "azure-native:network:FlowLog": {"enabled": True, "retentionPolicy": {"enabled": True, "days": 90}},
    "azure-native:applicationinsights:Component": {
        "workspaceResourceId": UNKNOWN_STRING_VALUE,
        "disableLocalAuth": True,
        "disableIpMasking": False,
    },
    "azure-native:operationalinsights:Workspace": {
        "features": {"disableLocalAuth": True},
        "retentionInDays": 90,
        "workspaceCapping": {"dailyQuotaGb": 1},
    },
    "azure-native:monitor:MetricAlert": {"actions": [{"actionGroupId": UNKNOWN_STRING_VALUE}], "autoMitigate": True},
    "azure-native:monitor:ScheduledQueryRule": {"actions": {"actionGroups": [UNKNOWN_STRING_VALUE]}, "autoMitigate": True},
    "azure-native:monitor:ActivityLogAlert": {"actions": {"actionGroups": [{"actionGroupId": "/subscriptions/s/ag"}]}},
    "azure-native:consumption:Budget": {"amount": 100, "notifications": NOTIFIED},
    "azure-native:costmanagement:Budget": {"amount": 100, "notifications": NOTIFIED},
    "azure-native:authorization:RoleAssignment": ASSIGNMENT,
    "azure-native:authorization:PimRoleEligibilitySchedule": ASSIGNMENT,
    "azure-native:authorization:RoleDefinition": {
        "permissions": [{"actions": ["Microsoft.Storage/*/read"], "dataActions": ["Microsoft.Storage/blobs/read"]}]
    },
    "azure-native:managedidentity:FederatedIdentityCredential": {
        "issuer": UNKNOWN_STRING_VALUE,
        "subject": "system:serviceaccount:forecasting:scoring",
        "audiences": ["api://AzureADTokenExchange"],
    },
}
TAGS = {"environment": "dev", "owner": "forecasting-team", "cost-center": "demand-planning", "workload": "mlops-forecasting"}


def dressed(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Return inputs with the tags, region and name that conventions demand of the kind."""
    found = AZURE.get(kind.removeprefix("azure-native:"))
    if not found:
        return properties
    named = {found.named: f"{found.prefixes[0]}forecasting"} if found.prefixes else {}
    tags = {"tags": TAGS} if found.tagged else {}
    return {**({"location": "westeurope"} if found.located else {}), **named, **tags, **properties}


OPEN = {"access": "Allow", "direction": "Inbound"}


def _worlds(ports: str) -> tuple[Break, ...]:
    """Every way of letting the world in at some ports."""
    sources = ({"sourceAddressPrefix": one} for one in ("*", "Internet", "0.0.0.0/0", "any"))
    lists = {"sourceAddressPrefix": None, "sourceAddressPrefixes": ["10.0.0.0/8", "::/0"]}
    return tuple(
        one
        for source in (*sources, lists)
        for one in both({**OPEN, **source, "destinationPortRange": ports}, "net-no-any-inbound")
    )


ENTRY_CASES: dict[str, Cases] = {
    "net-no-ssh-rdp-http": Cases(
        tuple(one for ports in ("22", "3389", "80", "*", "0-65535", "20-30") for one in _worlds(ports))
        + both(
            {"sourceAddressPrefix": "*", "destinationPortRange": None, "destinationPortRanges": ["443", "80"]},
            "net-no-any-inbound",
        ),
        passes=({"access": "Deny", "sourceAddressPrefix": "*"}, {"direction": "Outbound", "sourceAddressPrefix": "*"}),
        absent="passes",
    ),
    "net-no-any-inbound": Cases(
        both({**OPEN, "sourceAddressPrefix": "*", "destinationPortRange": "443"})
        + both({"sourceAddressPrefix": "INTERNET", "destinationPortRange": "8080-8090"}),
        passes=({"sourceAddressPrefix": "AzureLoadBalancer"}, {"access": "Deny", "sourceAddressPrefix": "Internet"}),
        absent="passes",
    ),
}
"""Changes of a rule of a security group: on its own, or the first of a group."""
SUBNET_CASES: dict[str, Cases] = {
    "net-subnet-nsg": Cases(
        bad("networkSecurityGroup", None, "nsg"),
        passes=({"name": "GatewaySubnet", "networkSecurityGroup": None},),
        absent="passes",
    ),
    "net-private-subnet": Cases(bad("defaultOutboundAccess", True, "false", None)),
}
"""Changes of a subnet: on its own, or the first of a network."""

CASES: dict[str, Cases] = {
    "net-flow-log": Cases(
        bad("enabled", False) + bad("retentionPolicy.enabled", False) + bad("retentionPolicy.days", 0, 89, "90")
    ),
    "ai-workspace": Cases(bad("workspaceResourceId", "", " "), later=("workspaceResourceId",)),
    "ai-no-local-auth": switch("disableLocalAuth", wanted=True),
    "ai-ip-masking": off("disableIpMasking"),
    "la-no-local-auth": switch("features.disableLocalAuth", wanted=True),
    "la-retention": Cases(
        bad("retentionInDays", 7, 29, 731, "90", True), passes=({"retentionInDays": 30}, {"retentionInDays": 730})
    ),
    "la-daily-cap": Cases(bad("workspaceCapping.dailyQuotaGb", 0, -1, "1") + bad("workspaceCapping", {})),
    "cost-budget-contact": Cases(
        bad(
            "notifications",
            {},
            {"actual": {"enabled": False, "contactEmails": ["a@example.com"]}},
            {"actual": {"enabled": True}},
            "none",
        )
        + bad("notifications.actual.contactEmails", []),
        passes=({"notifications": {"actual": {"enabled": True, "contactGroups": ["/subscriptions/s/ag"]}}},),
    ),
    "rbac-no-owner": Cases(
        bad(
            "roleDefinitionId",
            OWNER,
            ROLE + "b24988ac-6180-42a0-ab88-20f7382dd24c",
            ROLE + "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
            ROLE + "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
            OWNER.upper(),
            OWNER + "/",
            READER + "/.." + OWNER,
            "Owner",
            7,
        )
    ),
    "rbac-narrow-scope": Cases(
        bad("scope", "/subscriptions/s", "/", "/providers/Microsoft.Management/managementGroups/m", "", 7),
        passes=({"scope": GROUP}, {"scope": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a"}),
        later=("scope",),
    ),
    "rbac-principal-type": Cases(bad("principalType", "User", "", "serviceprincipal"), passes=({"principalType": "Group"},)),
    "rbac-no-wildcard-role": Cases(
        bad("permissions[0].actions", ["*"], ["a/read", "*/*"], "*") + bad("permissions[0].dataActions", ["*"]),
        passes=({"permissions[0].actions": None},),
        absent="passes",
    ),
    "fic-exact": Cases(
        bad("issuer", "http://oidc.example/", "", 7)
        + bad("subject", "system:serviceaccount:forecasting:*", "", "a b")
        + bad("audiences", [], ["api://Other"], ["api://AzureADTokenExchange", "b"], "api://AzureADTokenExchange"),
        passes=({"issuer": "https://oidc.example/"},),
        later=("issuer",),
    ),
}
ALERT_CASES: dict[str, tuple[str, tuple[Break, ...]]] = {
    "azure-native:monitor:MetricAlert": ("actions", bad("actions", [], [{"actionGroupId": ""}], "none", None)),
    "azure-native:monitor:ScheduledQueryRule": ("actions.actionGroups", bad("actions.actionGroups", [], "none", None)),
    "azure-native:monitor:ActivityLogAlert": ("actions.actionGroups", bad("actions.actionGroups", [], [{}], None)),
}
"""`alert-action` by kind of alert."""
