"""Log Analytics and Application Insights; instrumentation keys and connection strings are left out on purpose."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, rule, uuid_of
from local.provider.wire import Properties


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
KINDS = (LOG_ANALYTICS, INSIGHTS)
