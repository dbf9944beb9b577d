"""Logs, metrics, alarms and the budget; instrumentation keys and connection strings are left out on purpose.

Nothing is collected here and no alarm ever fires: the resources exist, with what they say checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, override

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import GUID, Kind, name_in, rule, uuid_of
from local.provider.wire import UNKNOWN, Properties


def _workspace(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {"customerId": uuid_of(resource_id, "customer"), "provisioningState": "Succeeded"}


def _component(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {"appId": uuid_of(resource_id, "app"), "provisioningState": "Succeeded"}


LOG_ANALYTICS = Kind(
    sdk_type="azure-native:operationalinsights:Workspace",
    arm_type="Microsoft.OperationalInsights/workspaces",
    names=("workspaceName",),
    rule=rule(RULES["log_analytics"]),
    outputs=_workspace,
)
INSIGHTS = Kind(
    sdk_type="azure-native:applicationinsights:Component",
    arm_type="Microsoft.Insights/components",
    names=("resourceName",),
    rule=rule(RULES["insights"]),
    outputs=_component,
)


def _ready(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    return {"provisioningState": "Succeeded"}


def _grafana(_endpoints: Endpoints, resource_id: str, inputs: Properties) -> Properties:
    address = f"https://{name_in(resource_id)}-{uuid_of(resource_id, 'host')[:4]}.weu.grafana.azure.com"
    return {"properties": {**inputs.get("properties", {}), "endpoint": address, "provisioningState": "Succeeded"}}


@dataclass(frozen=True, kw_only=True)
class ActionGroupKind(Kind):
    """The kind, with the bound of its short name."""

    @override
    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a sender that does not fit into a short message."""
        name = str(inputs.get("groupShortName", ""))
        return (
            [] if len(name) <= SHORT or name == UNKNOWN else [("groupShortName", f"'{name}' has more than {SHORT} characters.")]
        )


@dataclass(frozen=True, kw_only=True)
class DashboardKind(Kind):
    """The kind of a dashboard's definition, with the form of its content."""

    @override
    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse content that is no JSON."""
        content = str(inputs.get("properties", {}).get("serializedData", "{}"))
        known = content == UNKNOWN or _is_json(content)
        return [] if known else [("properties.serializedData", "The content is no JSON.")]


@dataclass(frozen=True, kw_only=True)
class WorkbookKind(Kind):
    """The kind, with the forms of its name and of its content."""

    @override
    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Refuse a name that is no GUID, and content that is no JSON."""
        name, content = str(inputs.get("resourceName", "")), str(inputs.get("serializedData", "{}"))
        found = [] if re.fullmatch(GUID.pattern, name) else [("resourceName", f"'{name}' is not {GUID.words}.")]
        return found if content == UNKNOWN or _is_json(content) else [*found, ("serializedData", "The content is no JSON.")]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


SHORT = 12
SEVERITIES = {"severity": (0, 1, 2, 3, 4)}
FREQUENCIES = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
WINDOWS = (*FREQUENCIES, "PT6H", "PT12H", "P1D")
METRIC_VALUES = {**SEVERITIES, "evaluationFrequency": FREQUENCIES, "windowSize": WINDOWS}
QUERY_WINDOWS = ("PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D")
QUERY_VALUES = {
    **SEVERITIES,
    "evaluationFrequency": QUERY_WINDOWS,
    "windowSize": QUERY_WINDOWS,
    "criteria.allOf.operator": ("Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"),
}

STREAMS = ("Microsoft-PrometheusMetrics", "Microsoft-ContainerInsights-Group-Default", "Microsoft-ContainerLogV2")
"""Streams of the cluster's agents, of which the SDK's enumeration knows none."""
STREAM_LISTS = ("dataFlows.streams", "dataSources.extensions.streams", "dataSources.prometheusForwarder.streams")


def _kind(token: str, arm: str, own: str, named: str, **more: Any) -> Kind:
    made: type[Kind] = more.pop("of", Kind)
    return made(sdk_type=f"azure-native:{token}", arm_type=f"Microsoft.{arm}", names=(own,), rule=rule(RULES[named]), **more)


KINDS = (
    LOG_ANALYTICS,
    INSIGHTS,
    _kind("monitor:DiagnosticSetting", "Insights/diagnosticSettings", "name", "alarm", extension="resourceUri"),
    _kind("monitor:ActionGroup", "Insights/actionGroups", "actionGroupName", "alarm", of=ActionGroupKind),
    _kind("monitor:MetricAlert", "Insights/metricAlerts", "ruleName", "alarm", values=METRIC_VALUES),
    _kind("monitor:ScheduledQueryRule", "Insights/scheduledQueryRules", "ruleName", "alarm", values=QUERY_VALUES),
    _kind("alertsmanagement:SmartDetectorAlertRule", "AlertsManagement/smartDetectorAlertRules", "alertRuleName", "alarm"),
    _kind("alertsmanagement:PrometheusRuleGroup", "AlertsManagement/prometheusRuleGroups", "ruleGroupName", "alarm"),
    _kind("monitor:AzureMonitorWorkspace", "Monitor/accounts", "azureMonitorWorkspaceName", "metrics", outputs=_ready),
    _kind("monitor:DataCollectionEndpoint", "Insights/dataCollectionEndpoints", "dataCollectionEndpointName", "collection"),
    _kind(
        "monitor:DataCollectionRule",
        "Insights/dataCollectionRules",
        "dataCollectionRuleName",
        "collection",
        values=dict.fromkeys(STREAM_LISTS, STREAMS),
        replace=("kind",),
    ),
    _kind(
        "monitor:DataCollectionRuleAssociation",
        "Insights/dataCollectionRuleAssociations",
        "associationName",
        "collection",
        extension="resourceUri",
    ),
    _kind("dashboard:Dashboard", "Dashboard/dashboards", "dashboardName", "dashboard", outputs=_ready),
    DashboardKind(
        sdk_type="azure-native:dashboard:DashboardDefinition",
        arm_type="Microsoft.Dashboard/dashboards/dashboardDefinitions",
        names=("dashboardName", "definitionName"),
        rule=rule(RULES["dashboard"]),
    ),
    _kind("dashboard:Grafana", "Dashboard/grafana", "workspaceName", "grafana", outputs=_grafana),
    _kind("applicationinsights:Workbook", "Insights/workbooks", "resourceName", "alarm", of=WorkbookKind),
    _kind("consumption:Budget", "Consumption/budgets", "budgetName", "budget", extension="scope"),
)
