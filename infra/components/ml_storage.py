"""Storage of the machine-learning workspace; forecasts, scoring logs and undeliverable events have containers in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from contracts.names import DEAD_LETTER, FORECASTS, SCORING_LOGS
from infra.components.storage_account import StorageAccount, StorageAccountArgs, lifecycle_rule
from infra.placement import Exports, Placement
from infra.roles import Place, Scope
from infra.sections import StorageSettings


@dataclass(frozen=True, kw_only=True)
class MlStorageArgs:
    """Replication and keeping times."""

    placement: Placement
    settings: StorageSettings


class MlStorage(pulumi.ComponentResource):
    """A flat account, since the ML workspace takes none with directories as its own."""

    id: pulumi.Output[str]
    """ARM id of the account."""
    scopes: Mapping[Scope, pulumi.Output[str]]
    """ARM ids of what roles are given on."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: MlStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:MlStorage", name, None, opts)
        account = StorageAccount(
            name,
            StorageAccountArgs(
                placement=args.placement,
                account_name=args.placement.names.ml_storage,
                hierarchical=False,
                containers=(SCORING_LOGS, DEAD_LETTER, FORECASTS),
                rules=(
                    _delete_after("delete-scoring-logs", SCORING_LOGS, args.settings.log_days),
                    _delete_after("delete-dead-letters", DEAD_LETTER, args.settings.dead_letter_days),
                ),
                settings=args.settings,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.id = account.id
        self.scopes = {
            Place.ML_STORAGE: account.id,
            Place.SCORING_LOGS: account.container_ids[SCORING_LOGS],
            Place.FORECASTS: account.container_ids[FORECASTS],
            Place.DEAD_LETTER: account.container_ids[DEAD_LETTER],
        }
        self.exports = {
            "ml_storage_account": account.account_name,
            "logs_url": account.url(SCORING_LOGS),
            "forecasts_url": account.url(FORECASTS),
            "dead_letter_url": account.url(DEAD_LETTER),
        }
        self.register_outputs(self.exports)


def _delete_after(name: str, container: str, days: int) -> storage.ManagementPolicyRuleArgs:
    age = storage.DateAfterModificationArgs(days_after_modification_greater_than=days)
    return lifecycle_rule(name, f"{container}/", storage.ManagementPolicyBaseBlobArgs(delete=age))
