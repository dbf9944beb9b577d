"""Container registry for the images of scoring, handler and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry as acr

from infra.placement import Exports, Placement
from infra.roles import Place, Scope
from infra.sections import RegistrySettings


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """The registry's tier."""

    placement: Placement
    settings: RegistrySettings


class Registry(pulumi.ComponentResource):
    """A registry without admin user and without anonymous pull."""

    id: pulumi.Output[str]
    """ARM id of the registry."""
    name: pulumi.Output[str]
    """Name of the registry."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Registry", name, None, opts)
        premium = args.settings.sku == acr.SkuName.PREMIUM.value
        registry = acr.Registry(
            name,
            registry_name=args.placement.names.registry,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            sku=acr.SkuArgs(name=args.settings.sku),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access=(
                acr.PublicNetworkAccess.DISABLED if args.placement.private else acr.PublicNetworkAccess.ENABLED
            ),
            network_rule_bypass_options=acr.NetworkRuleBypassOptions.AZURE_SERVICES,
            # Only the Premium tier knows a firewall, zones and policies; Azure refuses them elsewhere.
            network_rule_set=_firewall(args.placement) if premium else None,
            zone_redundancy=acr.ZoneRedundancy.ENABLED if premium else acr.ZoneRedundancy.DISABLED,
            policies=_policies(args.placement) if premium else None,
            tags=args.placement.tags,
            opts=args.placement.kept(self),
        )
        self.id, self.name = registry.id, registry.name
        self.scopes = {Place.REGISTRY: registry.id}
        self.exports = {"registry_name": registry.name, "registry_login_server": registry.login_server}
        self.register_outputs(self.exports)


def _firewall(placement: Placement) -> acr.NetworkRuleSetArgs:
    return acr.NetworkRuleSetArgs(
        default_action=acr.DefaultAction.DENY,
        ip_rules=[
            acr.IPRuleArgs(i_p_address_or_range=address, action=acr.Action.ALLOW) for address in placement.allowed_addresses
        ],
    )


def _policies(placement: Placement) -> acr.PoliciesArgs:
    """Azure lets images be kept from leaving only where the registry has no public address."""
    exported = acr.ExportPolicyStatus.DISABLED if placement.private else acr.ExportPolicyStatus.ENABLED
    return acr.PoliciesArgs(
        export_policy=acr.ExportPolicyArgs(status=exported),
        azure_ad_authentication_as_arm_policy=acr.AzureADAuthenticationAsArmPolicyArgs(
            status=acr.AzureADAuthenticationAsArmPolicyStatus.DISABLED
        ),
        retention_policy=acr.RetentionPolicyArgs(status=acr.PolicyStatus.ENABLED, days=30),
    )
