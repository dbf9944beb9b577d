"""Rules for role assignments, standing ones and eligible ones, for roles of one's own and for federated credentials."""

from __future__ import annotations

import re
from functools import partial

from pulumi_policy import Severity

from .checks import matching, one_of
from .properties import is_list, texts
from .rule import Check, Rule
from .sources import benchmark, checkov, documentation, pol, psrule

# The ids stand here too, and a test compares them with contracts.roles: the pack runs with its own folder as import root.
DENIED: dict[str, str] = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
}
"""Roles that hand out rights or own what they reach (learn.microsoft.com, built-in-roles); the same in every tenant."""

ROLE_ID = re.compile(r"/roledefinitions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$", re.IGNORECASE)
GROUP_OR_RESOURCE = r"(?i)/subscriptions/[^/]+/resourceGroups/[^/]+(/.+)?"
DOCS = "https://learn.microsoft.com/azure/role-based-access-control"


def _is_narrow(value: object) -> bool:
    """Tell whether the value is the id of a role definition that is not denied; what can't be read as one is refused."""
    role = ROLE_ID.search(value.strip()) if isinstance(value, str) else None
    return role is not None and role.group(1).lower() not in DENIED.values()


def is_small_scope(value: object) -> bool:
    """Tell whether the value is the id of a resource group or of something in one."""
    return isinstance(value, str) and bool(re.fullmatch(GROUP_OR_RESOURCE, value))


def _names_actions(value: object) -> bool:
    return value is None or (is_list(value) and not any(text.strip() in {"*", "*/*"} for text in texts(value)))


def _is_the_audience(value: object) -> bool:
    return is_list(value) and len(value) == 1 and value[0] == "api://AzureADTokenExchange"


_assignment = partial(
    Rule, kinds=("azure-native:authorization:RoleAssignment", "azure-native:authorization:PimRoleEligibilitySchedule")
)

RULES = (
    _assignment(
        id="rbac-no-owner",
        title="No workload owns what it works on",
        breach="The role assignment gives rights over its whole scope, or the right to give rights.",
        checks=(
            Check(
                "roleDefinitionId",
                _is_narrow,
                "roleDefinitionId = the full id of a role definition other than " + ", ".join(DENIED),
            ),
        ),
        severity=Severity.CRITICAL,
        source=benchmark("PA-7", "PSRule Azure.RBAC.LimitOwner"),
        remedy="Give the narrowest data role that the work needs, such as Storage Blob Data Reader, on one resource.",
        url=f"{DOCS}/best-practices",
    ),
    _assignment(
        id="rbac-narrow-scope",
        title="Roles reach no further than a resource group",
        breach="The role reaches everything in a subscription or management group, also what is made later.",
        # The id of a resource that this update makes is no subscription: the update judges it, without a warning before.
        checks=(Check("scope", is_small_scope, "scope = the id of a resource group, or of something in one", later=True),),
        severity=Severity.HIGH,
        source=psrule("Azure.RBAC.LimitMGDelegation"),
        remedy="Set scope to the one resource that the work is done on.",
        url=f"{DOCS}/scope-overview",
    ),
    Rule(
        id="rbac-principal-type",
        title="Role assignments say what their principal is",
        breach="Azure looks the principal up, does not find one that was made a moment ago, and the update fails.",
        kinds=("azure-native:authorization:RoleAssignment",),
        checks=(one_of("principalType", "ServicePrincipal", "Group"),),
        severity=Severity.LOW,
        source=documentation("Role assignments by template: new service principal"),
        remedy='Set principal_type="ServicePrincipal" on the RoleAssignment.',
        url=f"{DOCS}/role-assignments-template",
    ),
    Rule(
        id="rbac-no-wildcard-role",
        title="Roles of one's own name their actions",
        breach="The role allows every action, also those that Azure adds later.",
        kinds=("azure-native:authorization:RoleDefinition",),
        checks=(
            Check("permissions[].actions", _names_actions, "permissions[].actions without *"),
            Check("permissions[].dataActions", _names_actions, "permissions[].dataActions without *"),
        ),
        severity=Severity.HIGH,
        source=checkov("39", pol("a451c1ef")),
        remedy="Name the actions that the work needs.",
        url=f"{DOCS}/custom-roles",
    ),
    Rule(
        id="fic-exact",
        title="Federated credentials trust one exact subject",
        breach="Tokens of others than the one workload may act as the identity.",
        kinds=("azure-native:managedidentity:FederatedIdentityCredential",),
        checks=(
            Check(
                "issuer",
                lambda value: isinstance(value, str) and value.startswith("https://"),
                "issuer = https://...",
                later=True,
            ),
            matching("subject", r"[^\s*]{3,}", "the whole subject, without *"),
            Check("audiences", _is_the_audience, "audiences = api://AzureADTokenExchange alone"),
        ),
        severity=Severity.HIGH,
        source=documentation("Entra: workload identity federation considerations"),
        remedy='Set issuer, the whole subject, and audiences=["api://AzureADTokenExchange"].',
        url="https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations",
    ),
)
