"""Rules for role assignments, standing ones and eligible ones."""

from __future__ import annotations

import re

from pulumi_policy import Severity

from .rule import Check, Framework, Rule

# The ids stand here too, and a test compares them with contracts.roles: the pack runs with its own folder as import root.
DENIED: dict[str, str] = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "Contributor": "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Role Based Access Control Administrator": "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
}
"""Roles that hand out rights or own what they reach (learn.microsoft.com, built-in-roles); the same in every tenant."""

ROLE_ID = re.compile(r"/roledefinitions/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?$", re.IGNORECASE)


def _is_narrow(value: object) -> bool:
    """Tell whether the value is the id of a role definition that is not denied; what can't be read as one is refused."""
    role = ROLE_ID.search(value.strip()) if isinstance(value, str) else None
    return role is not None and role.group(1).lower() not in DENIED.values()


RULES = (
    Rule(
        id="rbac-no-owner",
        title="No workload owns what it works on",
        demand="A role assignment must not give a role that owns its scope or hands out rights.",
        breach="The role assignment gives rights over its whole scope, or the right to give rights.",
        kinds=("azure-native:authorization:RoleAssignment", "azure-native:authorization:PimRoleEligibilitySchedule"),
        checks=(
            Check(
                "roleDefinitionId",
                _is_narrow,
                "roleDefinitionId = the full id of a role definition other than " + ", ".join(DENIED),
            ),
        ),
        severity=Severity.CRITICAL,
        framework=Framework("Microsoft cloud security benchmark", "1", "PA-7", "PSRule Azure.RBAC.LimitOwner"),
        remedy="Give the narrowest data role that the work needs, such as Storage Blob Data Reader, on one resource.",
        url="https://learn.microsoft.com/azure/role-based-access-control/best-practices",
    ),
)
