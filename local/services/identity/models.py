"""Which principal a workload is: a user-assigned identity among the resources, or the deployer."""

from __future__ import annotations

import uuid

from local.resources import Resources
from local.services.identity.errors import IdentityRefusedError
from local.tokens import DEPLOYER, Principal

CLUSTER = "Microsoft.ContainerService/managedClusters"
KUBELET = "kubelet"
"""Name of the identity that Azure makes for a cluster's nodes."""
USER_ASSIGNED = "Microsoft.ManagedIdentity/userAssignedIdentities"
DEPLOYER_PRINCIPAL = Principal(
    name=DEPLOYER,
    client_id=str(uuid.uuid5(uuid.NAMESPACE_URL, "deployer/client")),
    object_id=str(uuid.uuid5(uuid.NAMESPACE_URL, "deployer/object")),
)


def principal_of(resources: Resources, name: str, client_id: str | None) -> Principal:
    """The principal that the identity header names; a client id that is given has to be its own.

    Raises:
        IdentityRefusedError: when there is no such identity, or the client id is another's.
    """
    if name == KUBELET:
        return _kubelet(resources)
    found = DEPLOYER_PRINCIPAL if name == DEPLOYER else _user_assigned(resources, name)
    if client_id and client_id != found.client_id:
        msg = f"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId ({client_id})."
        raise IdentityRefusedError(msg)
    return found


def _kubelet(resources: Resources) -> Principal:
    """The identity as which the nodes of the stack's cluster pull images."""
    for cluster in resources.of_type(CLUSTER):
        held = cluster.properties["identityProfile"]["kubeletidentity"]
        return Principal(name=KUBELET, client_id=str(held["clientId"]), object_id=str(held["objectId"]))
    msg = "There is no cluster, so no node has an identity."
    raise IdentityRefusedError(msg)


def _user_assigned(resources: Resources, name: str) -> Principal:
    for resource in resources.of_type(USER_ASSIGNED):
        if resource.name == name:
            held = resource.properties
            return Principal(name=name, client_id=str(held["clientId"]), object_id=str(held["principalId"]))
    msg = f"No Managed Identity found for specified identity header ({name or 'none given'})."
    raise IdentityRefusedError(msg)
