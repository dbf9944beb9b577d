"""May this principal do this here? Answered from the stack's RoleAssignment resources alone."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from contracts.roles import ROLES
from local.resources import Resource, Resources
from local.tokens import DEPLOYER, Principal

ASSIGNMENT = "Microsoft.Authorization/roleAssignments"
_ACTIONS: dict[str, tuple[str, ...]] = {
    "Storage Blob Data Contributor": ("blob/*",),
    "Storage Blob Data Reader": ("blob/read",),
    "Azure Event Hubs Data Sender": ("eventhubs/send",),
    "Azure Event Hubs Data Receiver": ("eventhubs/receive",),
    "AzureML Data Scientist": ("ml/*",),
    "AcrPull": ("registry/pull",),
    "Key Vault Certificates Officer": ("vault/certificates/*",),
    "Key Vault Secrets User": ("vault/secrets/*",),
    "Container Registry Tasks Contributor": ("registry/read", "registry/tasks", "registry/push"),
}


_GRANTED = {ROLES[name]: actions for name, actions in _ACTIONS.items()}
_CONTAINERS = re.compile(
    r"@Resource\[Microsoft\.Storage/storageAccounts/blobServices/containers:name\] StringStartsWith '(?P<start>[^']*)'"
)
"""The one form of condition that is evaluated here."""


_PROVIDERS = {
    "blob": "Microsoft.Storage/storageAccounts/blobServices/containers/blobs",
    "eventhubs": "Microsoft.EventHub/namespaces/messages",
    "registry/tasks": "Microsoft.ContainerRegistry/registries/scheduleRun/action",
    "registry": "Microsoft.ContainerRegistry/registries",
    "ml": "Microsoft.MachineLearningServices/workspaces",
    "vault": "Microsoft.KeyVault/vaults",
}


def operation(action: str) -> str:
    """The name of Azure's operation, as a refusal tells it."""
    subject, _, rest = action.partition("/")
    return _PROVIDERS.get(action) or f"{_PROVIDERS[subject]}/{rest}"


def authorized(resources: Resources, principal: Principal, action: str, scope: str) -> bool:
    """Whether a role assignment at or above `scope` (an ARM id) gives the principal the action."""
    assignments = resources.of_type(ASSIGNMENT)
    return principal.name == DEPLOYER or any(gives(held, principal.object_id, action, scope) for held in assignments)


def gives(assignment: Resource, object_id: str, action: str, scope: str) -> bool:
    """Whether this one assignment gives a principal the action on `scope`."""
    held = assignment.properties
    granted = _GRANTED.get(str(held["roleDefinitionId"]).rpartition("/")[2], ())
    above = f"{scope}/".lower().startswith(f"{held['scope']}/".lower())
    own = held["principalId"] == object_id and above and _holds(str(held.get("condition") or ""), scope)
    return own and any(fnmatchcase(action, rule) for rule in granted)


def _holds(condition: str, scope: str) -> bool:
    """Whether an assignment's condition holds for a scope; one that is not evaluated here gives nothing."""
    found = _CONTAINERS.fullmatch(condition)
    if found is None:
        return not condition
    container = scope.lower().partition("/containers/")[2].partition("/")[0]
    return container.startswith(found["start"].lower())
