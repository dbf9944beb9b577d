"""Azure Machine Learning workspaces and clusters; their data planes are the service `arm`."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import HOST, Endpoints
from local.provider.kinds.kind import Kind, NameRule, rule, uuid_of
from local.provider.wire import Properties

COMPUTE_NAME = NameRule(
    pattern=r"[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]", words="3-24 letters, digits and dashes, from a letter, not ending in a dash"
)


def _workspace(endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {
        "workspaceId": uuid_of(resource_id, "workspace"),
        "mlFlowTrackingUri": f"azureml://{HOST}:{endpoints.arm}/mlflow/v1.0{resource_id}",
        "discoveryUrl": f"{endpoints.url('arm')}/discovery",
        "provisioningState": "Succeeded",
    }


WORKSPACE = Kind(
    sdk_type="azure-native:machinelearningservices:Workspace",
    arm_type="Microsoft.MachineLearningServices/workspaces",
    names=("workspaceName",),
    rule=rule(RULES["machine_learning"]),
    outputs=_workspace,
    fixed=("storageAccount", "keyVault", "hbiWorkspace"),
)
COMPUTE = Kind(
    sdk_type="azure-native:machinelearningservices:Compute",
    arm_type="Microsoft.MachineLearningServices/workspaces/computes",
    names=("workspaceName", "computeName"),
    rule=COMPUTE_NAME,
    replace=("properties.computeType", "properties.properties.vmSize", "properties.properties.subnet"),
)
KINDS = (WORKSPACE, COMPUTE)
