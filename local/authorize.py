"""May this principal do this here? Answered from the stack's RoleAssignment resources; for now the answer is logged only."""

from __future__ import annotations

from fnmatch import fnmatchcase

from contracts.roles import ROLES
from local.resources import Resources
from local.tokens import DEPLOYER, Principal

_ACTIONS: dict[str, tuple[str, ...]] = {
    "Storage Blob Data Contributor": ("blob/*",),
    "Storage Blob Data Reader": ("blob/read",),
    "Azure Event Hubs Data Sender": ("eventhubs/send",),
    "Azure Event Hubs Data Receiver": ("eventhubs/receive",),
    "AzureML Data Scientist": ("ml/*",),
    "AcrPull": ("registry/pull",),
    "Container Registry Tasks Contributor": ("registry/read", "registry/tasks", "registry/push"),
}


def authorized(resources: Resources, principal: Principal, action: str, scope: str) -> bool:
    """Whether a role assignment at or above `scope` (an ARM id) gives the principal the action."""
    if principal.name == DEPLOYER:
        return True
    allowed = {ROLES[name]: actions for name, actions in _ACTIONS.items()}
    for assignment in resources.of_type("Microsoft.Authorization/roleAssignments"):
        held = assignment.properties
        if held.get("condition"):  # not evaluated here, so it gives nothing
            continue
        granted = allowed.get(str(held["roleDefinitionId"]).rpartition("/")[2], ())
        above = f"{scope}/".lower().startswith(f"{held['scope']}/".lower())
        if held["principalId"] == principal.object_id and above and any(fnmatchcase(action, rule) for rule in granted):
            return True
    return False
