"""Pulumi's state: a container whose blobs keep their old versions, without keys, behind its firewall."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from contracts.names import STATE
from foundation.placement import Placement


@dataclass(frozen=True, kw_only=True)
class StateArgs:
    """Replication and keeping times are the settings'."""

    placement: Placement


class State(pulumi.ComponentResource):
    """An account of its own: whoever may destroy a platform can't lose the record of it by that."""

    container_id: pulumi.Output[str]
    """ARM id of the container."""
    variables: Mapping[str, pulumi.Output[str]]
    """`pulumiBackend`: what `pulumi login` takes."""

    def __init__(self, name: str, args: StateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:foundation:State", name, None, opts)
        self._placement = args.placement
        account = self._account()
        self._versions(account)
        container = storage.BlobContainer(
            "state-container",
            container_name=STATE,
            account_name=account.name,
            resource_group_name=self._placement.resource_group,
            public_access=storage.PublicAccess.NONE,
            opts=self._kept(),
        )
        self.container_id = container.id
        self.variables = {"pulumiBackend": pulumi.Output.format("azblob://{0}?storage_account={1}", container.name, account.name)}
        self.register_outputs(dict(self.variables))

    def _kept(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=True)

    def _account(self) -> storage.StorageAccount:
        settings = self._placement.settings
        rules = [
            storage.IPRuleArgs(i_p_address_or_range=address, action=storage.Action.ALLOW)
            for address in settings.allowed_addresses
        ]
        return storage.StorageAccount(
            "state-account",
            account_name=settings.names.state_account,
            resource_group_name=self._placement.resource_group,
            location=settings.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=settings.state.sku),
            access_tier=storage.AccessTier.HOT,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            allow_cross_tenant_replication=False,
            default_to_o_auth_authentication=True,
            is_local_user_enabled=False,
            is_sftp_enabled=False,
            public_network_access=storage.PublicNetworkAccess.ENABLED,
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY,
                bypass=storage.Bypass.AZURE_SERVICES,
                ip_rules=rules,
                virtual_network_rules=[
                    storage.VirtualNetworkRuleArgs(virtual_network_resource_id=subnet, action=storage.Action.ALLOW)
                    for subnet in self._placement.admitted_subnets
                ],
            ),
            encryption=storage.EncryptionArgs(
                key_source=storage.KeySource.MICROSOFT_STORAGE, require_infrastructure_encryption=True
            ),
            tags=settings.tags,
            opts=self._kept(),
        )

    def _versions(self, account: storage.StorageAccount) -> None:
        kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=self._placement.settings.state.keep_days)
        storage.BlobServiceProperties(
            "state-versions",
            blob_services_name="default",
            account_name=account.name,
            resource_group_name=self._placement.resource_group,
            is_versioning_enabled=True,
            delete_retention_policy=kept,
            container_delete_retention_policy=kept,
            opts=pulumi.ResourceOptions(parent=self),
        )
