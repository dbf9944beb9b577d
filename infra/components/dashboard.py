"""A dashboard in Grafana's form: what each alarm watches, over time, with its bound as a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import dashboard

from infra.alarms import CLUSTER, METRICS, ClusterAlarm, MetricAlarm
from infra.parts import NAMESPACES, Part
from infra.placement import Placement

WIDTH, HEIGHT, COLUMNS = 12, 8, 2
"""Of a panel, on a grid of 24 columns (grafana.com, dashboard JSON model)."""
AZURE, PROMETHEUS = "grafana-azure-monitor-datasource", "prometheus"
DEFINITION = "default"
"""The only definition that a dashboard may have (Microsoft.Dashboard/dashboards, 2025-09-01-preview)."""


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """The resources whose metrics are shown, by ARM id."""

    placement: Placement
    parts: Mapping[Part, pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """One dashboard of Azure Monitor, which anyone who may read the metrics opens in the portal; no Grafana has to run for it."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Dashboard", name, None, opts)
        place, child = args.placement, pulumi.ResourceOptions(parent=self)
        made = dashboard.Dashboard(
            name,
            dashboard_name=place.names.dashboard,
            resource_group_name=place.resource_group,
            location=place.location,
            tags=place.tags,
            opts=child,
        )
        watched = {alarm.part: args.parts[alarm.part] for alarm in METRICS}
        content = pulumi.Output.all(**watched).apply(lambda ids: _content(place.names.resource_group, ids))
        dashboard.DashboardDefinition(
            f"{name}-definition",
            definition_name=DEFINITION,
            dashboard_name=made.name,
            resource_group_name=place.resource_group,
            properties=dashboard.DashboardDefinitionPropertiesArgs(serialized_data=content),
            opts=child,
        )
        self.register_outputs({})


def _content(title: str, ids: Mapping[str, str]) -> str:
    panels = [_metric(alarm, ids[alarm.part]) for alarm in METRICS] + [_measure(alarm) for alarm in CLUSTER]
    model = {
        "title": f"Forecasting ({title})",
        "schemaVersion": 39,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "5m",
        "templating": {"list": [_source("azure", AZURE), _source("cluster", PROMETHEUS)]},
        "panels": [{**panel, "id": number + 1, "gridPos": _place(number)} for number, panel in enumerate(panels)],
    }
    return json.dumps(model, sort_keys=True)


def _source(name: str, kind: str) -> dict[str, Any]:
    """A data source that whoever looks may choose among those of the kind."""
    return {"name": name, "type": "datasource", "query": kind}


def _place(number: int) -> dict[str, int]:
    return {"x": number % COLUMNS * WIDTH, "y": number // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT}


def _metric(alarm: MetricAlarm, resource_id: str) -> dict[str, Any]:
    """A metric of Azure as its alarm aggregates it."""
    _, _, subscription, _, group, *_, resource = resource_id.split("/")
    name, value = alarm.dimension or ("", "")
    query = {
        "resources": [{"subscription": subscription, "resourceGroup": group, "resourceName": resource}],
        "metricNamespace": NAMESPACES[alarm.part].lower(),
        "metricName": alarm.metric,
        "aggregation": alarm.aggregation,
        "timeGrain": "auto",
        "dimensionFilters": [{"dimension": name, "operator": "eq", "filters": [value]}] if name else [],
    }
    target = {"refId": "A", "queryType": "Azure Monitor", "azureMonitor": query}
    return _panel(alarm, {"type": AZURE, "uid": "${azure}"}, target)


def _measure(alarm: ClusterAlarm) -> dict[str, Any]:
    return _panel(alarm, {"type": PROMETHEUS, "uid": "${cluster}"}, {"refId": "A", "expr": alarm.measure})


def _panel(alarm: MetricAlarm | ClusterAlarm, source: dict[str, str], target: dict[str, Any]) -> dict[str, Any]:
    wrong, right = ("red", "green") if alarm.below else ("green", "red")
    steps = [{"color": wrong, "value": None}, {"color": right, "value": alarm.bound}]
    shown = {"thresholds": {"mode": "absolute", "steps": steps}, "custom": {"thresholdsStyle": {"mode": "line"}}}
    return {
        "type": "timeseries",
        "title": alarm.name,
        "description": alarm.means,
        "datasource": source,
        "targets": [{**target, "datasource": source}],
        "fieldConfig": {"defaults": shown, "overrides": []},
    }
