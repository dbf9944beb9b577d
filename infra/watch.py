"""What watches the platform: logs of every part, metrics of the cluster, a workbook, a dashboard, alarms, and the budget."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.alarms import Alarms, AlarmsArgs
from infra.components.budget import Budget, BudgetArgs
from infra.components.cluster import Cluster
from infra.components.cluster_metrics import ClusterMetrics, ClusterMetricsArgs
from infra.components.dashboard import Dashboard, DashboardArgs
from infra.components.diagnostics import Diagnostics, DiagnosticsArgs
from infra.components.grants import Grants
from infra.components.observability import Observability
from infra.components.workbook import Workbook, WorkbookArgs
from infra.parts import Part
from infra.placement import Placement
from infra.settings import Settings


def watch(
    placement: Placement,
    settings: Settings,
    *,
    cluster: Cluster,
    telemetry: Observability,
    grants: Grants,
    parts: Mapping[Part, pulumi.Input[str]],
) -> None:
    """Declare all of it, for parts by their ARM ids."""
    metrics_args = ClusterMetricsArgs(
        placement=placement,
        cluster_id=cluster.id,
        log_analytics_id=telemetry.log_analytics_id,
        dashboards=settings.telemetry.dashboards,
    )
    metrics = ClusterMetrics("cluster-metrics", metrics_args)
    grants.grant(metrics.principal_ids, metrics.scopes)
    every = {**parts, Part.LOG_ANALYTICS: telemetry.log_analytics_id, Part.METRICS: metrics.workspace_id}
    Diagnostics("diagnostics", DiagnosticsArgs(parts=every, log_analytics_id=telemetry.log_analytics_id))
    Workbook("workbook", WorkbookArgs(placement=placement, log_analytics_id=telemetry.log_analytics_id))
    Dashboard("dashboard", DashboardArgs(placement=placement, parts=every))
    alarms_args = AlarmsArgs(
        placement=placement,
        settings=settings.operations,
        parts=every,
        insights_id=telemetry.insights_id,
        cluster_name=cluster.name,
    )
    alarms = Alarms("alarms", alarms_args)
    budget_args = BudgetArgs(placement=placement, settings=settings.operations, action_group_id=alarms.action_group_id)
    Budget("budget", budget_args)
