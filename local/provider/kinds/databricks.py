"""Databricks workspaces and the connectors by which they reach storage."""

from __future__ import annotations

import uuid

from contracts.names import RULES
from local.endpoints import HOST, Endpoints
from local.provider.kinds.kind import Kind, rule, uuid_of
from local.provider.wire import Properties

INJECTION = (
    "enableNoPublicIp",
    "customVirtualNetworkId",
    "customPublicSubnetName",
    "customPrivateSubnetName",
    "storageAccountName",
)
"""Of a workspace's parameters, those that Azure never changes."""


def _workspace(endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    number = uuid.UUID(uuid_of(resource_id, "workspace")).int % 10**16
    return {
        "workspaceUrl": f"{HOST}:{endpoints.databricks}",
        "workspaceId": f"{number:016d}",
        "provisioningState": "Succeeded",
    }


WORKSPACE = Kind(
    sdk_type="azure-native:databricks:Workspace",
    arm_type="Microsoft.Databricks/workspaces",
    names=("workspaceName",),
    rule=rule(RULES["databricks"]),
    outputs=_workspace,
    replace=("managedResourceGroupId", *(f"parameters.{name}" for name in INJECTION)),
)
ACCESS_CONNECTOR = Kind(
    sdk_type="azure-native:databricks:AccessConnector",
    arm_type="Microsoft.Databricks/accessConnectors",
    names=("connectorName",),
    rule=rule(RULES["databricks"]),
)
KINDS = (WORKSPACE, ACCESS_CONNECTOR)
