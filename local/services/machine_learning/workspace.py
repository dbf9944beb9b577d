"""The workspaces that exist as resources, and the ids and addresses that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

from local.endpoints import HOST, Endpoints
from local.provider.kinds.kind import uuid_of
from local.resources import Resource, Resources
from local.services.arm.errors import not_found

WORKSPACE = "Microsoft.MachineLearningServices/workspaces"
COMPUTE = f"{WORKSPACE}/computes"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """One workspace: its ARM id, name, and its resource group's and storage account's."""

    arm_id: str
    name: str
    location: str
    storage_account: str

    @property
    def guid(self) -> str:
        """The workspace's own id, which its data plane uses."""
        return uuid_of(self.arm_id, "workspace")

    @property
    def subscription(self) -> str:
        """The subscription's id."""
        return self.arm_id.split("/")[2]

    @property
    def resource_group(self) -> str:
        """The resource group's name."""
        return self.arm_id.split("/")[4]

    def tracking_uri(self, endpoints: Endpoints) -> str:
        """What `MLFLOW_TRACKING_URI` holds inside a job."""
        return f"azureml://{HOST}:{endpoints.arm}/mlflow/v1.0{self.arm_id}"


def workspace_of(resources: Resources, path: str) -> Workspace:
    """The workspace that a path names, under Resource Manager or below a data plane's prefix.

    Raises:
        ArmError: 404 ResourceNotFound when no such workspace exists.
    """
    start = path.lower().find("/subscriptions/")
    segments = path[max(start, 0) :].strip("/").split("/")[:8]
    arm_id = "/" + "/".join(segments)
    found = resources.get(arm_id)
    if found is None or found.type != WORKSPACE:
        raise not_found(arm_id)
    return described(found)


def described(resource: Resource) -> Workspace:
    """A workspace resource as a value."""
    account = str(resource.properties.get("storageAccount", "")).rpartition("/")[2]
    location = str(resource.properties.get("location", ""))
    return Workspace(arm_id=resource.id, name=resource.name, location=location, storage_account=account)
