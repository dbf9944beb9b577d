"""Trust between Kubernetes and Entra: each workload's service account may act as its identity, without any secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity

from contracts.names import HANDLER, NAMESPACE, SCORING
from infra.placement import Placement
from infra.roles import Principal

SERVICE_ACCOUNTS: Mapping[str, Principal] = {SCORING: Principal.SCORING, HANDLER: Principal.HANDLER}
"""Service account of the release, in the namespace of both, by the identity that it acts as."""
AUDIENCE = "api://AzureADTokenExchange"
"""The only audience that Entra exchanges ("Workload identity federation", learn.microsoft.com)."""


@dataclass(frozen=True, kw_only=True)
class FederationArgs:
    """Who issues the service accounts' tokens, and the identities by role."""

    placement: Placement
    issuer_url: pulumi.Input[str]
    identities: Mapping[Principal, managedidentity.UserAssignedIdentity]


class Federation(pulumi.ComponentResource):
    """One credential for each service account: exactly this issuer, this namespace and this name."""

    def __init__(self, name: str, args: FederationArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Federation", name, None, opts)
        for account, role in SERVICE_ACCOUNTS.items():
            managedidentity.FederatedIdentityCredential(
                account,
                federated_identity_credential_resource_name=account,
                resource_name_=args.identities[role].name,
                resource_group_name=args.placement.resource_group,
                issuer=args.issuer_url,
                subject=f"system:serviceaccount:{NAMESPACE}:{account}",
                audiences=[AUDIENCE],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
