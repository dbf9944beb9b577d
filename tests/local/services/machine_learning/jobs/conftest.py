"""A workspace with a cluster, an environment of no packages, and pipelines of small shell steps."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.certificates import ensure_certificates
from local.provider.kinds.machine_learning import WORKSPACE as WORKSPACE_KIND
from local.resources import Resource
from local.services.arm.errors import ArmError
from local.services.cloud import Cloud
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.services.machine_learning.documents.models import Document, Documents
from local.services.machine_learning.documents.uploads import Uploads
from local.services.machine_learning.jobs.executor import Executor
from local.services.machine_learning.jobs.models import Jobs
from local.services.machine_learning.jobs.submit import submit
from local.services.machine_learning.runs import Run, Runs
from local.services.machine_learning.workspace import COMPUTE, WORKSPACE, described
from local.tokens import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers"
WORKSPACE_ID = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/mlw-test"
IDENTITY_ID = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/id-training"
CONDA = "name: training\nchannels: [conda-forge]\ndependencies:\n  - python=3.12\n  - pip\n"
WAIT_SECONDS = 60.0
CODE = "hello.py"


@dataclass
class Stage:
    """One workspace: its documents, its jobs, and an executor of the test's own."""

    cloud: Cloud
    executors: list[Executor] = field(default_factory=list)
    count: int = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def runs(self) -> Runs:
        return Runs(self.cloud.store)

    def resource(self, arm_type: str, arm_id: str, **properties: Any) -> None:
        self.cloud.resources.put(Resource(id=arm_id, type=arm_type, name=arm_id.rpartition("/")[2], properties=properties))

    def publish(self, kind: str, name: str, **properties: Any) -> str:
        """Put a version of an asset; returns its ARM id."""
        self.count += 1
        arm_id = f"{WORKSPACE_ID}/{kind}/{name}/versions/{self.count}"
        Documents(self.cloud.store).put(Document(arm_id=arm_id, body={"id": arm_id, "name": name, "properties": properties}))
        return arm_id

    def environment(self, conda: str = CONDA) -> str:
        return "azureml:" + self.publish("environments", "training", condaFile=conda, image="ubuntu")

    def code(self, text: str) -> str:
        """Upload a snapshot of one file and publish it."""
        uploads = Uploads(self.cloud)
        container = f"code-{self.count}"
        uploads.write(container, f"snapshot/{CODE}", text.encode())
        return "azureml:" + self.publish("codes", "snapshot", codeUri=f"{uploads.url(container)}/snapshot")

    def component(self, command: str, inputs: dict[str, Any] | None = None, **more: Any) -> str:
        """Publish a command component with an output `out`."""
        spec = {
            "type": "command",
            "command": command,
            "environment": more.pop("environment", None) or self.environment(),
            "inputs": inputs or {},
            "outputs": {"out": {"type": "uri_folder"}},
            **more,
        }
        return self.publish("components", "step", componentSpec=spec)

    def pipeline(self, jobs: dict[str, Any], inputs: dict[str, Any] | None = None) -> str:
        """Publish a pipeline component of nodes."""
        spec = {"type": "pipeline", "inputs": inputs or {}, "jobs": jobs}
        return self.publish("components", "pipeline", componentSpec=spec)

    def one(self, command: str, **more: Any) -> str:
        """Publish a pipeline of one step `only`."""
        node = more.pop("node", {})
        return self.pipeline({"only": {"type": "command", "componentId": self.component(command, **more), **node}})

    def submit(self, name: str, component: str, inputs: dict[str, Any] | None = None, **more: Any) -> str:
        """PUT a job as the API does."""
        found = self.cloud.resources.get(WORKSPACE_ID)
        assert found
        settings = {"default_compute": f"{WORKSPACE_ID}/computes/cpu", **more.pop("settings", {})}
        body = {"jobType": "Pipeline", "componentId": component, "experimentName": "demand", "settings": settings}
        submit(self.cloud, described(found), name, {**body, "inputs": inputs or {}, **more}, "tester")
        return name

    def start(self) -> None:
        """Start an executor in this process."""
        self.executors.append(Executor(self.cloud))
        self.executors[-1].start()

    def stop(self) -> None:
        for executor in self.executors:
            executor.stop()
        self.executors.clear()

    def wait(self, name: str) -> Run:
        """The job's run once it is over."""
        self.until(lambda: self.run(name).over)
        return self.run(name)

    def run(self, name: str) -> Run:
        found = self.runs.get(name)
        assert found
        return found

    def steps(self, name: str) -> dict[str, Run]:
        return {step.name: step for step in self.runs.children(name)}

    def output(self, name: str, step: str, file: str) -> str:
        """The text of a file in the output `out` of a step."""
        return (Path(Jobs(self.cloud.store).rows(name)[step].outputs) / "out" / file).read_text()

    def refused(self, *arguments: Any, **more: Any) -> ArmError:
        """The refusal of a job, of which nothing may stay behind."""
        with pytest.raises(ArmError) as refusal:
            self.submit("refused", *arguments, **more)
        assert self.runs.get("refused") is None
        return refusal.value

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The data of raised events of a type, in order."""
        bodies = [json.loads(row["body"]) for row in self.cloud.store.rows("select body from events order by raised, rowid")]
        return [body["data"] for body in bodies if body["type"] == f"Microsoft.MachineLearningServices.{kind}"]

    def until(self, reached: Callable[[], bool]) -> None:
        ends = time.monotonic() + WAIT_SECONDS
        while not reached():
            if time.monotonic() > ends:
                pytest.fail("waited too long")
            time.sleep(0.02)

    def serve(self, name: str) -> None:
        """Start a service process and wait until it answers."""
        command = [sys.executable, "-m", "local.services", name, str(self.cloud.state)]
        self.processes[name] = subprocess.Popen(command, env={**os.environ, "PYTHONWARNINGS": ""})
        health, trust = f"{self.cloud.endpoints.url(name)}/health", ssl.create_default_context(cafile=self.authority)
        self.until(lambda: _answers(health, trust))

    def kill(self, name: str) -> None:
        """End a service as the kernel does when memory is short."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    @property
    def authority(self) -> str:
        return str(self.cloud.state / "tls" / "ca.pem")

    @property
    def client(self) -> httpx.Client:
        """A client of the running service, as the deployer."""
        token, _ = self.cloud.tokens.issue(DEPLOYER_PRINCIPAL, "https://management.azure.com")
        headers = {"Authorization": f"Bearer {token}"}
        base = self.cloud.endpoints.url("arm")
        trust = ssl.create_default_context(cafile=self.authority)
        return httpx.Client(base_url=base, headers=headers, verify=trust, timeout=30)


def _answers(url: str, trust: ssl.SSLContext) -> bool:
    try:
        return httpx.get(url, verify=trust, timeout=2).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def stage(tmp_path: Path, environments: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A workspace whose executor the test starts; the environments are built once for the session."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(environments))
    ensure_certificates(tmp_path / "state")
    made = Stage(Cloud.open(tmp_path / "state"))
    Jobs(made.cloud.store)
    Runs(made.cloud.store)
    added = WORKSPACE_KIND.outputs(made.cloud.endpoints, WORKSPACE_ID, {})
    account = f"{GROUP}/Microsoft.Storage/storageAccounts/ml"
    made.resource(WORKSPACE, WORKSPACE_ID, location="westeurope", storageAccount=account, **added)
    ids = {"clientId": "client-of-training", "principalId": "principal-of-training"}
    made.resource("Microsoft.ManagedIdentity/userAssignedIdentities", IDENTITY_ID, **ids)
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY_ID: ids}}
    made.resource(COMPUTE, f"{WORKSPACE_ID}/computes/cpu", identity=identity)
    yield made
    made.stop()
    for name in list(made.processes):
        made.kill(name)
