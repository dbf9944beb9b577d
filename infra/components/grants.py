"""Role assignments, one resource for each row of the table in infra.roles."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization

from contracts.roles import ROLES
from infra.placement import Placement
from infra.roles import TABLE, Assignment, Principal, Scope


@dataclass(frozen=True, kw_only=True)
class GrantsArgs:
    """The names of the assignments are made from those of the placement."""

    placement: Placement


class Grants(pulumi.ComponentResource):
    """Gives principals the roles that the table holds for them, as soon as their identities exist."""

    def __init__(self, name: str, args: GrantsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Grants", name, None, opts)
        self._args = args
        self.register_outputs({})

    def grant(
        self, principal_ids: Mapping[Principal, pulumi.Input[str]], scopes: Mapping[Scope, pulumi.Input[str]]
    ) -> list[pulumi.Resource]:
        """Give these principals all their roles and return the assignments, for what must wait for them.

        Raises:
            KeyError: when `scopes` lacks the id of a resource that a row of the table names.
        """
        rows = [row for row in TABLE if row.principal in principal_ids]
        return [self._assignment(row, principal_ids[row.principal], scopes[row.scope]) for row in rows]

    def _assignment(self, row: Assignment, principal_id: pulumi.Input[str], scope: pulumi.Input[str]) -> pulumi.Resource:
        key = f"{row.principal}-{row.role.lower().replace(' ', '-')}-{row.scope}"
        return authorization.RoleAssignment(
            key,
            role_assignment_name=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._args.placement.names.resource_group}|{key}")),
            principal_id=principal_id,
            principal_type=authorization.PrincipalType.SERVICE_PRINCIPAL,
            role_definition_id=pulumi.Output.format(
                "/subscriptions/{0}/providers/Microsoft.Authorization/roleDefinitions/{1}",
                self._args.placement.subscription_id,
                ROLES[row.role],
            ),
            scope=scope,
            condition=row.condition,
            condition_version="2.0" if row.condition else None,
            # The name outlives its principal, and Azure refuses a second assignment of the same name.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
