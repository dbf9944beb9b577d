"""A workspace in a local cloud, its service `arm` as a process, and azure-ai-ml as its client."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential

from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.tokens import SUBSCRIPTION

with warnings.catch_warnings():
    # The SDK's own use of marshmallow warns at import.
    warnings.simplefilter("ignore")
    from azure.ai.ml import MLClient

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test"
PROVIDERS = f"{GROUP}/providers"
WORKSPACE = f"{PROVIDERS}/Microsoft.MachineLearningServices/workspaces/mlw-test"
WAIT_SECONDS = 30.0
QUIET = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
"""For tests that call the SDK, whose own code uses what its libraries deprecate."""


@dataclass
class Site:
    """One stack's machine-learning workspace and the processes that serve it."""

    cloud: Cloud
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add(self, arm_type: str, arm_id: str, **properties: Any) -> None:
        name = arm_id.rpartition("/")[2]
        self.cloud.resources.put(Resource(id=arm_id, type=arm_type, name=name, properties=properties))

    def add_workspace(self, arm_id: str = WORKSPACE) -> None:
        discovery = f"{self.cloud.endpoints.url('arm')}/discovery"
        tracking = f"azureml://127.0.0.1:{self.cloud.endpoints.arm}/mlflow/v1.0{arm_id}"
        held = {
            "mlFlowTrackingUri": tracking,
            "location": "westeurope",
            "kind": "Default",
            "identity": {"type": "SystemAssigned"},
            "discoveryUrl": discovery,
        }
        self.add("Microsoft.MachineLearningServices/workspaces", arm_id, workspaceName="mlw-test", workspaceId="w-1", **held)

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.cloud.state / "tls" / "ca.pem"))

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "local.services", name, str(self.cloud.state)]
        process = subprocess.Popen(command, env={**os.environ, "PYTHONWARNINGS": "error"})
        self.processes.append(process)
        ends = time.monotonic() + WAIT_SECONDS
        while not self._answers(name):
            if time.monotonic() > ends or process.poll() is not None:
                pytest.fail(f"{name} did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _answers(self, name: str) -> bool:
        try:
            with urllib.request.urlopen(f"{self.cloud.endpoints.url(name)}/health", context=self.tls, timeout=2):  # noqa: S310 - a loopback https address
                return True
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture(scope="session")
def workspace_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose services run for the whole session; tests use asset names of their own."""
    state = tmp_path_factory.mktemp("workspace")
    ensure_certificates(state)
    site = Site(Cloud.open(state))
    site.add_workspace()
    sizes = {"computeType": "AmlCompute", "properties": {"vmSize": "Standard_D2s_v3"}}
    site.add("Microsoft.MachineLearningServices/workspaces/computes", f"{WORKSPACE}/computes/cpu", properties=sizes)
    site.start("identity")
    site.start("arm")
    yield site
    site.stop()


@pytest.fixture
def connect(workspace_site: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., MLClient]:
    """Make this process a client of the site, and azure-ai-ml one of a workspace there."""
    for name, value in client_environment(workspace_site.cloud, "deployer").items():
        monkeypatch.setenv(name, value)
    # The SDK notes the cloud it found here; undone after the test.
    monkeypatch.setenv("AZUREML_CURRENT_CLOUD", "")
    monkeypatch.delenv("AZUREML_CURRENT_CLOUD")

    def client(workspace: str = "mlw-test") -> MLClient:
        told = {"show_progress": False, "enable_telemetry": False}
        return MLClient(DefaultAzureCredential(), SUBSCRIPTION, "rg-test", workspace, **told)

    return client
