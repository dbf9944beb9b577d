"""Key Vault for what no identity can replace: certificates and secrets of outside systems."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault

from infra.placement import Exports, Placement, filled_in
from infra.roles import Place, Scope
from infra.sections import VaultSettings


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    """How long the vault is kept after deletion, and whether purging is refused."""

    placement: Placement
    settings: VaultSettings


class Vault(pulumi.ComponentResource):
    """A vault that only roles open."""

    id: pulumi.Output[str]
    """ARM id of the vault."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Vault", name, None, opts)
        vault = keyvault.Vault(
            name,
            vault_name=args.placement.names.key_vault,
            resource_group_name=args.placement.resource_group,
            location=args.placement.location,
            properties=_properties(args),
            tags=args.placement.tags,
            # How a vault came to be says nothing of what it is.
            opts=pulumi.ResourceOptions.merge(
                args.placement.kept(self), pulumi.ResourceOptions(ignore_changes=["properties.createMode"])
            ),
        )
        self.id = vault.id
        self.scopes = {Place.VAULT: vault.id}
        self.exports = {
            "key_vault_name": vault.name,
            "key_vault_uri": filled_in(vault, vault.properties, lambda properties: properties.vault_uri or ""),
        }
        self.register_outputs(self.exports)


def _properties(args: VaultArgs) -> keyvault.VaultPropertiesArgs:
    placement = args.placement
    return keyvault.VaultPropertiesArgs(
        tenant_id=placement.tenant_id,
        create_mode=keyvault.CreateMode.RECOVER if args.settings.recover else keyvault.CreateMode.DEFAULT,
        sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
        enable_rbac_authorization=True,
        enable_soft_delete=True,
        soft_delete_retention_in_days=args.settings.retention_days,
        # Azure refuses an explicit false, also on a vault that never had the protection.
        enable_purge_protection=args.settings.purge_protection or None,
        enabled_for_deployment=False,
        enabled_for_disk_encryption=False,
        enabled_for_template_deployment=False,
        public_network_access="Disabled" if placement.private else "Enabled",
        network_acls=keyvault.NetworkRuleSetArgs(
            default_action=keyvault.NetworkRuleAction.DENY,
            bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
            ip_rules=[keyvault.IPRuleArgs(value=address) for address in placement.allowed_addresses],
            virtual_network_rules=[keyvault.VirtualNetworkRuleArgs(id=subnet) for subnet in placement.admitted_subnets],
        ),
    )
