"""Resource Manager as the handler sees it: one workspace with a training endpoint, and a ledger of the jobs put there."""

import threading
from collections import deque

WORKSPACE = "/subscriptions/s/resourceGroups/rg-mlops/providers/Microsoft.MachineLearningServices/workspaces/mlw-demand"
COMPONENT = f"{WORKSPACE}/components/forecast_training/versions/0a1b2c3d4e5f"


class Arm:
    """`deployments` is what is published, `default` the name that the endpoint points at, `endpoint` whether it exists.

    `models` holds the tags of versions. While `open` is not set, a job that was started is not answered.
    """

    def __init__(self):
        self.url = ""
        self.endpoint = True
        self.default = "v0a1b2c3d4e5f"
        self.deployments = {self.default: self.deployment()}
        self.jobs = {}
        self.models = {}
        self.calls = []
        self.answers = deque()
        self.clouds = None
        self.open = threading.Event()
        self.open.set()

    def deployment(self, settings=None, component=COMPONENT):
        configuration = {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": {"referenceType": "Id", "assetId": component},
            "settings": {"default_compute": "cpu"} if settings is None else settings,
        }
        return {"properties": {"deploymentConfiguration": configuration, "provisioningState": "Succeeded"}}

    def metadata(self):
        here = [{"name": "Elsewhere", "resourceManager": "https://management.example.org/"}, {"resourceManager": f"{self.url}/"}]
        return 200, {}, here if self.clouds is None else self.clouds

    def call(self, method, path, body=None):
        self.calls.append((method, path))
        if method == "PUT" and self.answers:
            return self.answers.popleft()
        assert path.startswith(f"{WORKSPACE}/"), path
        match method, path.removeprefix(f"{WORKSPACE}/").split("/"):
            case "GET", ["jobs", name] if name in self.jobs:
                document = {"name": name, **self.jobs[name]}
            case "PUT", ["jobs", name]:
                return self._put(name, body)
            case "GET", ["models", name, "versions", version] if (name, version) in self.models:
                document = {"name": version, "properties": {"tags": self.models[name, version]}}
            case "GET", ["batchEndpoints", "train-demand"] if self.endpoint:
                document = {"properties": {"defaults": {"deploymentName": self.default} if self.default else None}}
            case "GET", ["batchEndpoints", "train-demand", "deployments", name] if name in self.deployments:
                document = self.deployments[name]
            case _:
                return 404, {}, {"error": {"code": "ResourceNotFound", "message": f"The Resource '{path}' was not found."}}
        return 200, {}, document

    def _put(self, name, body):
        if name in self.jobs:
            return 409, {}, {"error": {"code": "Conflict", "message": "A job with this name already exists."}}
        self.jobs[name] = body
        self.open.wait(30)
        return 201, {}, {"name": name, **body}
