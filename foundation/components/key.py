"""The key that encrypts secrets in Pulumi's state: it never leaves its vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault

from contracts.names import STATE_KEY
from foundation.placement import Placement


@dataclass(frozen=True, kw_only=True)
class KeyArgs:
    """How long a deleted key can be brought back is the settings'."""

    placement: Placement


class Key(pulumi.ComponentResource):
    """A vault for this key alone, so that a role on the vault is a role on the key."""

    vault_id: pulumi.Output[str]
    """ARM id of the vault."""
    variables: Mapping[str, pulumi.Output[str]]
    """`pulumiSecretsProvider`: what `pulumi stack init --secrets-provider` takes."""

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:foundation:Key", name, None, opts)
        self._placement, self._name = args.placement, name
        vault = self._vault()
        key = keyvault.Key(
            STATE_KEY,
            key_name=STATE_KEY,
            vault_name=vault.name,
            resource_group_name=self._placement.resource_group,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RSA,
                key_size=3072,
                key_ops=[keyvault.JsonWebKeyOperation.ENCRYPT, keyvault.JsonWebKeyOperation.DECRYPT],
                attributes=keyvault.KeyAttributesArgs(enabled=True, exportable=False),
            ),
            tags=self._placement.settings.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.vault_id = vault.id
        self.variables = {
            "pulumiSecretsProvider": pulumi.Output.format("azurekeyvault://{0}.vault.azure.net/keys/{1}", vault.name, key.name)
        }
        self.register_outputs(dict(self.variables))

    def _vault(self) -> keyvault.Vault:
        settings = self._placement.settings
        return keyvault.Vault(
            f"{self._name}-vault",
            vault_name=settings.names.key_vault,
            resource_group_name=self._placement.resource_group,
            location=settings.location,
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=self._placement.client.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=settings.state.keep_days,
                # Azure refuses an explicit false, also on a vault that never had the protection.
                enable_purge_protection=settings.state.purge_protection or None,
                enabled_for_deployment=False,
                enabled_for_disk_encryption=False,
                enabled_for_template_deployment=False,
                public_network_access="Enabled",
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action=keyvault.NetworkRuleAction.DENY,
                    bypass=keyvault.NetworkRuleBypassOptions.AZURE_SERVICES,
                    ip_rules=[keyvault.IPRuleArgs(value=address) for address in settings.allowed_addresses],
                    virtual_network_rules=[
                        keyvault.VirtualNetworkRuleArgs(id=subnet) for subnet in self._placement.admitted_subnets
                    ],
                ),
            ),
            tags=settings.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
