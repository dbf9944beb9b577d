"""A storage account behind its firewall, without keys; lake and ML storage are both made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from infra.placement import Placement
from infra.sections import StorageSettings


@dataclass(frozen=True, kw_only=True)
class StorageAccountArgs:
    """`hierarchical` makes an account with directories (ADLS Gen2); `rules` say when blobs move or go."""

    placement: Placement
    account_name: str
    hierarchical: bool
    containers: tuple[str, ...]
    rules: tuple[storage.ManagementPolicyRuleArgs, ...]
    settings: StorageSettings


class StorageAccount(pulumi.ComponentResource):
    """Account, containers, soft delete and lifecycle rules."""

    id: pulumi.Output[str]
    """ARM id of the account."""
    account_name: pulumi.Output[str]
    """Name of the account."""
    container_ids: Mapping[str, pulumi.Output[str]]
    """ARM id of each container, by its name."""

    def __init__(self, name: str, args: StorageAccountArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:StorageAccount", name, None, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        account = self._account(name)
        self.id, self.account_name = account.id, account.name
        self.container_ids = {container: self._container(container).id for container in args.containers}
        self._soft_delete(name)
        self._lifecycle(name)
        self.register_outputs({"id": self.id, "account_name": self.account_name})

    def url(self, container: str) -> pulumi.Output[str]:
        """`abfss://` root of a container, without a final slash."""
        return pulumi.Output.format("abfss://{0}@{1}.dfs.core.windows.net", container, self.account_name)

    def _account(self, name: str) -> storage.StorageAccount:
        placement, settings = self._args.placement, self._args.settings
        return storage.StorageAccount(
            name,
            account_name=self._args.account_name,
            resource_group_name=placement.resource_group,
            location=placement.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=settings.sku),
            is_hns_enabled=self._args.hierarchical,
            access_tier=storage.AccessTier.HOT,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            enable_https_traffic_only=True,
            allow_blob_public_access=False,
            allow_shared_key_access=False,
            allow_cross_tenant_replication=False,
            default_to_o_auth_authentication=True,
            is_local_user_enabled=False,
            is_sftp_enabled=False,
            public_network_access=(
                storage.PublicNetworkAccess.DISABLED if placement.private else storage.PublicNetworkAccess.ENABLED
            ),
            network_rule_set=_firewall(placement),
            encryption=storage.EncryptionArgs(
                key_source=storage.KeySource.MICROSOFT_STORAGE,
                require_infrastructure_encryption=settings.infrastructure_encryption,
            ),
            tags=placement.tags,
            opts=placement.kept(self),
        )

    def _container(self, container: str) -> storage.BlobContainer:
        return storage.BlobContainer(
            container,
            container_name=container,
            account_name=self.account_name,
            resource_group_name=self._args.placement.resource_group,
            public_access=storage.PublicAccess.NONE,
            opts=self._args.placement.kept(self),
        )

    def _soft_delete(self, name: str) -> None:
        kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=self._args.settings.soft_delete_days)
        storage.BlobServiceProperties(
            f"{name}-soft-delete",
            blob_services_name="default",
            account_name=self.account_name,
            resource_group_name=self._args.placement.resource_group,
            delete_retention_policy=kept,
            container_delete_retention_policy=kept,
            opts=self._child,
        )

    def _lifecycle(self, name: str) -> None:
        storage.ManagementPolicy(
            f"{name}-lifecycle",
            management_policy_name="default",
            account_name=self.account_name,
            resource_group_name=self._args.placement.resource_group,
            policy=storage.ManagementPolicySchemaArgs(rules=list(self._args.rules)),
            opts=self._child,
        )


def lifecycle_rule(name: str, prefix: str, action: storage.ManagementPolicyBaseBlobArgs) -> storage.ManagementPolicyRuleArgs:
    """A rule for the block blobs under a prefix that starts with the container's name."""
    return storage.ManagementPolicyRuleArgs(
        name=name,
        enabled=True,
        type=storage.RuleType.LIFECYCLE,
        definition=storage.ManagementPolicyDefinitionArgs(
            actions=storage.ManagementPolicyActionArgs(base_blob=action),
            filters=storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[prefix]),
        ),
    )


def _firewall(placement: Placement) -> storage.NetworkRuleSetArgs:
    return storage.NetworkRuleSetArgs(
        default_action=storage.DefaultAction.DENY,
        bypass=storage.Bypass.AZURE_SERVICES,
        ip_rules=[
            storage.IPRuleArgs(i_p_address_or_range=address, action=storage.Action.ALLOW)
            for address in placement.allowed_addresses
        ],
        virtual_network_rules=[
            storage.VirtualNetworkRuleArgs(virtual_network_resource_id=subnet, action=storage.Action.ALLOW)
            for subnet in placement.admitted_subnets
        ],
    )
