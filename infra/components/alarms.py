"""Alarms: what tells people that something is wrong, and whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import alertsmanagement, monitor

from infra.alarms import CLUSTER, LOGS, METRICS, ClusterAlarm, LogAlarm, MetricAlarm
from infra.parts import NAMESPACES, Part
from infra.placement import Placement
from infra.sections import OperationsSettings

EVERYWHERE = "global"
SHORT_NAME = "forecasting"
"""Sender of the messages; Azure takes 12 characters at most."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Whom to tell, what is watched, and where logs and metrics are kept."""

    placement: Placement
    settings: OperationsSettings
    parts: Mapping[Part, pulumi.Input[str]]
    insights_id: pulumi.Input[str]
    cluster_name: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    """An action group, and the alarms of infra.alarms that all call it; they end by themselves."""

    action_group_id: pulumi.Output[str]
    """ARM id of the action group."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Alarms", name, None, opts)
        self._args, self._place = args, args.placement
        self._child = pulumi.ResourceOptions(parent=self)
        self.action_group_id = self._action_group()
        for alarm in METRICS:
            self._metric(alarm)
        for query in LOGS:
            self._log(query)
        self._cluster(name)
        self._smart_detection()
        self.register_outputs({})

    def _action_group(self) -> pulumi.Output[str]:
        receivers = [
            monitor.MicrosoftCommonEmailReceiverArgs(name=address, email_address=address, use_common_alert_schema=True)
            for address in self._args.settings.contacts
        ]
        return monitor.ActionGroup(
            "people",
            action_group_name=self._place.names.action_group,
            resource_group_name=self._place.resource_group,
            location=EVERYWHERE,
            group_short_name=SHORT_NAME,
            enabled=True,
            email_receivers=receivers,
            tags=self._place.tags,
            opts=self._child,
        ).id

    def _metric(self, alarm: MetricAlarm) -> None:
        monitor.MetricAlert(
            alarm.name,
            rule_name=self._place.names.alarm(alarm.name),
            resource_group_name=self._place.resource_group,
            location=EVERYWHERE,
            description=alarm.means,
            severity=alarm.severity,
            enabled=True,
            auto_mitigate=True,
            scopes=[self._args.parts[alarm.part]],
            evaluation_frequency="PT5M",
            window_size=f"PT{alarm.minutes}M",
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=[_criterion(alarm)]
            ),
            actions=[monitor.MetricAlertActionArgs(action_group_id=self.action_group_id)],
            tags=self._place.tags,
            opts=self._child,
        )

    def _log(self, alarm: LogAlarm) -> None:
        monitor.ScheduledQueryRule(
            alarm.name,
            rule_name=self._place.names.alarm(alarm.name),
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            description=alarm.means,
            severity=alarm.severity,
            enabled=True,
            auto_mitigate=True,
            scopes=[self._args.parts[Part.LOG_ANALYTICS]],
            evaluation_frequency=alarm.window,
            window_size=alarm.window,
            # A table is there from its first row on, and so not yet when the platform is made.
            skip_query_validation=True,
            criteria=monitor.ScheduledQueryRuleCriteriaArgs(all_of=[_condition(alarm)]),
            actions=monitor.ActionsArgs(action_groups=[self.action_group_id]),
            tags=self._place.tags,
            opts=self._child,
        )

    def _cluster(self, name: str) -> None:
        alertsmanagement.PrometheusRuleGroup(
            f"{name}-cluster",
            rule_group_name=self._place.names.alarm("cluster"),
            resource_group_name=self._place.resource_group,
            location=self._place.location,
            description="What the metrics of the cluster and of the scoring service tell.",
            enabled=True,
            interval="PT1M",
            scopes=[self._args.parts[Part.METRICS], self._args.parts[Part.CLUSTER]],
            cluster_name=self._args.cluster_name,
            rules=[self._expression(alarm) for alarm in CLUSTER],
            tags=self._place.tags,
            opts=self._child,
        )

    def _expression(self, alarm: ClusterAlarm) -> alertsmanagement.PrometheusRuleArgs:
        return alertsmanagement.PrometheusRuleArgs(
            alert=alarm.name,
            expression=alarm.expression,
            for_=f"PT{alarm.minutes}M",
            severity=alarm.severity,
            enabled=True,
            annotations={"description": alarm.means},
            actions=[alertsmanagement.PrometheusRuleGroupActionArgs(action_group_id=self.action_group_id)],
            resolve_configuration=alertsmanagement.PrometheusRuleResolveConfigurationArgs(auto_resolved=True),
        )

    def _smart_detection(self) -> None:
        alertsmanagement.SmartDetectorAlertRule(
            "failure-anomalies",
            alert_rule_name=self._place.names.alarm("failure-anomalies"),
            resource_group_name=self._place.resource_group,
            location=EVERYWHERE,
            description="Application Insights sees more failed requests than it is used to.",
            detector=alertsmanagement.DetectorArgs(id="FailureAnomaliesDetector"),
            scope=[self._args.insights_id],
            severity=alertsmanagement.Severity.SEV3,
            state=alertsmanagement.AlertRuleState.ENABLED,
            frequency="PT1M",
            action_groups=alertsmanagement.ActionGroupsInformationArgs(group_ids=[self.action_group_id]),
            tags=self._place.tags,
            opts=self._child,
        )


def _criterion(alarm: MetricAlarm) -> monitor.MetricCriteriaArgs:
    dimensions = [alarm.dimension] if alarm.dimension else []
    return monitor.MetricCriteriaArgs(
        criterion_type="StaticThresholdCriterion",
        name=alarm.name,
        metric_namespace=NAMESPACES[alarm.part],
        metric_name=alarm.metric,
        time_aggregation=alarm.aggregation,
        operator=monitor.Operator.LESS_THAN if alarm.below else monitor.Operator.GREATER_THAN,
        threshold=alarm.bound,
        dimensions=[monitor.MetricDimensionArgs(name=name, operator="Include", values=[value]) for name, value in dimensions],
    )


def _condition(alarm: LogAlarm) -> monitor.ConditionArgs:
    return monitor.ConditionArgs(
        query=alarm.query,
        time_aggregation=monitor.TimeAggregation.COUNT,
        # The SDK's enumeration of this name belongs to another service ("Scheduled Query Rules", REST reference).
        operator="GreaterThan",
        threshold=0,
        failing_periods=monitor.ConditionFailingPeriodsArgs(number_of_evaluation_periods=1, min_failing_periods_to_alert=1),
    )
