"""User-assigned identities: one for each workload, one each for the ML workspace and the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from infra.placement import Exports, Placement
from infra.roles import WORKLOADS, Principal


@dataclass(frozen=True, kw_only=True)
class IdentitiesArgs:
    """The placement's names hold a name for each identity."""

    placement: Placement


class Identities(pulumi.ComponentResource):
    """Identities without secrets; a host lends them to its processes."""

    by_role: Mapping[Principal, managedidentity.UserAssignedIdentity]
    """Identity of each workload."""
    workspace: managedidentity.UserAssignedIdentity
    """Identity of the ML workspace."""
    cluster: managedidentity.UserAssignedIdentity
    """Identity by which the cluster manages its nodes and addresses."""
    principal_ids: Mapping[Principal, pulumi.Output[str]]
    """Object id of each workload's identity."""
    exports: Exports
    """Name, client id, principal id and ARM id of each workload."""

    def __init__(self, name: str, args: IdentitiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Identities", name, None, opts)
        self._args = args
        self.by_role = {role: self._identity(role) for role in WORKLOADS}
        self.workspace = self._identity(Principal.WORKSPACE)
        self.cluster = self._identity(Principal.CLUSTER)
        self.principal_ids = {role: identity.principal_id for role, identity in self.by_role.items()}
        self.exports = {"identities": {role.value: _described(identity) for role, identity in self.by_role.items()}}
        self.register_outputs(self.exports)

    def _identity(self, role: Principal) -> managedidentity.UserAssignedIdentity:
        placement = self._args.placement
        return managedidentity.UserAssignedIdentity(
            role,
            resource_name_=placement.names.identity(role),
            resource_group_name=placement.resource_group,
            location=placement.location,
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _described(identity: managedidentity.UserAssignedIdentity) -> dict[str, pulumi.Output[str]]:
    return {
        "name": identity.name,
        "client_id": identity.client_id,
        "principal_id": identity.principal_id,
        "id": identity.id,
    }
