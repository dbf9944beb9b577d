"""Resource groups, identities and role assignments: what all other kinds stand on."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import GUID, Kind, rule, uuid_of
from local.provider.wire import Properties
from local.tokens import TENANT


def _identity(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {"clientId": uuid_of(resource_id, "client"), "principalId": uuid_of(resource_id, "principal"), "tenantId": TENANT}


RESOURCE_GROUP = Kind(
    sdk_type="azure-native:resources:ResourceGroup",
    arm_type="Microsoft.Resources/resourceGroups",
    names=("resourceGroupName",),
    rule=rule(RULES["resource_group"]),
    replace=("managedBy",),
)
USER_ASSIGNED_IDENTITY = Kind(
    sdk_type="azure-native:managedidentity:UserAssignedIdentity",
    arm_type="Microsoft.ManagedIdentity/userAssignedIdentities",
    names=("resourceName",),
    rule=rule(RULES["identity"]),
    outputs=_identity,
)
ROLE_ASSIGNMENT = Kind(
    sdk_type="azure-native:authorization:RoleAssignment",
    arm_type="Microsoft.Authorization/roleAssignments",
    names=("roleAssignmentName",),
    rule=GUID,
    extension="scope",
    replace=("scope", "principalId", "roleDefinitionId"),
    alone_with=("principalId", "roleDefinitionId"),
)
FEDERATED_CREDENTIAL = Kind(
    sdk_type="azure-native:managedidentity:FederatedIdentityCredential",
    arm_type="Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    names=("resourceName", "federatedIdentityCredentialResourceName"),
    rule=rule(RULES["identity"]),
    one_at_a_time=True,
    alone_with=("issuer", "subject"),
)
KINDS = (RESOURCE_GROUP, USER_ASSIGNED_IDENTITY, FEDERATED_CREDENTIAL, ROLE_ASSIGNMENT)
