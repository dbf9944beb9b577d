"""The budget of the resource group: people are told before the money is gone, not after."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import consumption

from infra.placement import Placement
from infra.sections import OperationsSettings

ACTUAL, FORECAST = consumption.ThresholdType.ACTUAL, consumption.ThresholdType.FORECASTED
NOTIFICATIONS = {"most-spent": (80, ACTUAL), "all-spent": (100, ACTUAL), "will-be-spent": (100, FORECAST)}
"""Shares of the amount in percent, and whether they are spent or only foreseen."""


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """How much a month may cost, and who is told."""

    placement: Placement
    settings: OperationsSettings
    action_group_id: pulumi.Input[str]


class Budget(pulumi.ComponentResource):
    """A monthly budget, which stops nothing."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Budget", name, None, opts)
        placement = args.placement
        consumption.Budget(
            name,
            budget_name=placement.names.budget,
            scope=placement.group_id,
            category=consumption.CategoryType.COST,
            time_grain=consumption.TimeGrainType.MONTHLY,
            # Azure takes no month that is over; which one it began in says nothing later.
            time_period=consumption.BudgetTimePeriodArgs(start_date=f"{dt.datetime.now(dt.UTC):%Y-%m}-01T00:00:00Z"),
            amount=args.settings.monthly_budget,
            notifications={key: _notification(args, *row) for key, row in NOTIFICATIONS.items()},
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["timePeriod"]),
        )
        self.register_outputs({})


def _notification(args: BudgetArgs, percent: int, kind: consumption.ThresholdType) -> consumption.NotificationArgs:
    return consumption.NotificationArgs(
        enabled=True,
        operator=consumption.OperatorType.GREATER_THAN_OR_EQUAL_TO,
        threshold=percent,
        threshold_type=kind,
        contact_emails=list(args.settings.contacts),
        contact_groups=[args.action_group_id],
    )
