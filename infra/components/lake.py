"""The lake: raw sales in `bronze`, checked panels in `silver`, both Delta tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from contracts.names import BRONZE, SILVER
from infra.components.storage_account import StorageAccount, StorageAccountArgs, lifecycle_rule
from infra.placement import Exports, Placement
from infra.roles import Place, Scope
from infra.sections import StorageSettings


@dataclass(frozen=True, kw_only=True)
class LakeArgs:
    """Replication and keeping times."""

    placement: Placement
    settings: StorageSettings


class Lake(pulumi.ComponentResource):
    """An ADLS Gen2 account whose blobs cool down but are never deleted by age: old data versions must stay readable."""

    id: pulumi.Output[str]
    """ARM id of the account."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: LakeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Lake", name, None, opts)
        cool = storage.ManagementPolicyBaseBlobArgs(
            tier_to_cool=storage.DateAfterModificationArgs(days_after_modification_greater_than=args.settings.cool_after_days)
        )
        account = StorageAccount(
            name,
            StorageAccountArgs(
                placement=args.placement,
                account_name=args.placement.names.lake,
                hierarchical=True,
                containers=(BRONZE, SILVER),
                rules=(lifecycle_rule("cool-bronze", f"{BRONZE}/", cool),),
                settings=args.settings,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.id = account.id
        self.scopes = {
            Place.LAKE: account.id,
            Place.LAKE_BRONZE: account.container_ids[BRONZE],
            Place.LAKE_SILVER: account.container_ids[SILVER],
        }
        self.exports = {
            "lake_account": account.account_name,
            "bronze_url": account.url(BRONZE),
            "silver_url": account.url(SILVER),
        }
        self.register_outputs(self.exports)
