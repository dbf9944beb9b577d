"""Who the pipelines are on Azure: an identity without a secret, and the rights that a deployment needs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import authorization, managedidentity

from contracts.roles import DENIED, ROLES
from foundation.placement import Placement
from foundation.rights import RIGHTS

GIVING = "Role Based Access Control Administrator"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
AUDIENCE = "api://AzureADTokenExchange"
"""The only audience that Entra exchanges ("Workload identity federation", learn.microsoft.com)."""


@dataclass(frozen=True, kw_only=True)
class LoginArgs:
    """The identity is named by the settings."""

    placement: Placement


class Login(pulumi.ComponentResource):
    """A user-assigned identity; only the service connections that are trusted explicitly may act as it."""

    client_id: pulumi.Output[str]
    """What a service connection names it by."""

    def __init__(self, name: str, args: LoginArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:foundation:Login", name, None, opts)
        self._placement = args.placement
        settings = self._placement.settings
        self._identity = managedidentity.UserAssignedIdentity(
            "pipelines",
            resource_name_=settings.names.identity,
            resource_group_name=self._placement.resource_group,
            location=settings.location,
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._trusted: list[pulumi.Resource] = []
        self.client_id = self._identity.client_id
        self.register_outputs({"client_id": self.client_id})

    def trust(self, name: str, issuer: pulumi.Input[str], subject: pulumi.Input[str]) -> None:
        """Let the bearer of exactly this subject's tokens act as the identity.

        One after the other: Azure refuses credentials of one identity that are written at once
        (hashicorp/terraform-provider-azurerm#19968).
        """
        credential = managedidentity.FederatedIdentityCredential(
            name,
            federated_identity_credential_resource_name=name,
            resource_name_=self._identity.name,
            resource_group_name=self._placement.resource_group,
            issuer=issuer,
            subject=subject,
            audiences=[AUDIENCE],
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._trusted)),
        )
        self._trusted.append(credential)

    def grant(self, name: str, role: str, scope: pulumi.Input[str]) -> None:
        """Give the identity a role on one resource."""
        self._assign(name, ROLES[role], scope)

    def admit(self, name: str, role: str, scope: pulumi.Input[str], condition: str | None = None) -> None:
        """Give a role to the person who ran the first bootstrap; owning the subscription opens neither blobs nor keys."""
        person, kind = self._placement.client.object_id, authorization.PrincipalType.USER
        self._assign(name, ROLES[role], scope, principal_id=person, kind=kind, condition=condition)

    def grant_platform(self) -> None:
        """What bringing up a platform takes: its own resource group among it, hence on the subscription.

        The identity may give roles, but none of those that give roles or own the subscription ("Delegate Azure role
        assignment management to others with conditions", learn.microsoft.com).
        """
        self._assign("contributor", DENIED["Contributor"], self._placement.subscription)
        self._assign("role-giver", DENIED[GIVING], self._placement.subscription, condition=no_giving())
        for right in RIGHTS:
            self._assign(right.name, ROLES[right.role], self._placement.subscription, condition=right.condition)

    def admit_platform(self) -> None:
        """Let the person of the first bootstrap, who owns the subscription, publish and release: the rights on data alone.

        In one stack of a subscription: under whatever name, Azure refuses a role that a principal has on a scope already.
        """
        for right in RIGHTS:
            self.admit(f"{right.name}-person", right.role, self._placement.subscription, right.condition)

    def _assign(
        self,
        name: str,
        role_id: str,
        scope: pulumi.Input[str],
        *,
        principal_id: pulumi.Input[str] | None = None,
        kind: authorization.PrincipalType = authorization.PrincipalType.SERVICE_PRINCIPAL,
        condition: str | None = None,
    ) -> None:
        key = f"{self._placement.settings.names.identity}|{name}"
        authorization.RoleAssignment(
            name,
            role_assignment_name=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            principal_id=principal_id or self._identity.principal_id,
            principal_type=kind,
            role_definition_id=self._placement.role(role_id),
            scope=scope,
            condition=condition,
            condition_version="2.0" if condition else None,
            # The name outlives its principal, and Azure refuses a second assignment of the same name.
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, ignore_changes=["principalId"] if principal_id else None
            ),
        )


def no_giving() -> str:
    """The condition under which roles may be given and taken: all but the privileged ones."""
    privileged = ", ".join(DENIED[role] for role in ("Owner", "User Access Administrator", GIVING))
    parts = (
        f"((!(ActionMatches{{'{ASSIGNMENTS}/{action}'}})) OR "
        f"(@{source}[{ASSIGNMENTS}:RoleDefinitionId] ForAnyOfAllValues:GuidNotEquals {{{privileged}}}))"
        for action, source in (("write", "Request"), ("delete", "Resource"))
    )
    return " AND ".join(parts)
