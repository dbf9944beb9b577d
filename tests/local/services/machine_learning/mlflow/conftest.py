"""A workspace behind the service `arm`, and MLflow's own client with the azureml plugin in processes of its own."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.services.eventgrid.models import declare
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.services.machine_learning.mlflow.artifacts import Artifacts
from local.services.machine_learning.runs import Run, RunKind, Runs, Status
from local.services.machine_learning.workspace import WORKSPACE, Workspace, workspace_of
from local.tokens import SUBSCRIPTION

WORKSPACE_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.MachineLearningServices/workspaces/mlw-test"
)
PREAMBLE = """
import json, sys
import mlflow
from mlflow import MlflowClient
client, told = MlflowClient(), {}
"""


@dataclass
class Lab:
    """One workspace, its running service, and what is needed to talk to it."""

    cloud: Cloud

    @property
    def workspace(self) -> Workspace:
        """The workspace."""
        return workspace_of(self.cloud.resources, WORKSPACE_ID)

    @property
    def api(self) -> str:
        """The path of MLflow's REST API."""
        return f"/mlflow/v2.0{WORKSPACE_ID}/api/2.0/mlflow"

    def token(self) -> str:
        """A token of the deployer."""
        return self.cloud.tokens.issue(DEPLOYER_PRINCIPAL, "https://management.azure.com")[0]

    def job(self) -> Run:
        """A pipeline run that has begun, as the jobs of the workspace make it."""
        runs, run_id = Runs(self.cloud.store), f"job-{uuid.uuid4().hex[:8]}"
        with self.cloud.store.transaction() as connection:
            experiment = runs.experiment(connection, WORKSPACE_ID, "demand")
            run = Run(
                run_id=run_id,
                workspace=WORKSPACE_ID,
                experiment=experiment,
                parent="",
                root=run_id,
                kind=RunKind.PIPELINE,
                name="training",
                status=Status.NOT_STARTED,
                created=time.time(),
            )
            runs.create(connection, run)
        runs.set_status(run_id, Status.RUNNING)
        return run

    def client(self, script: str, *arguments: str, **more: str) -> dict[str, Any]:
        """Run MLflow's client code in a process of its own; returns what it put into `told`."""
        environment = {
            **client_environment(self.cloud, "deployer"),
            "MLFLOW_TRACKING_URI": self.workspace.tracking_uri(self.cloud.endpoints),
            "AZUREML_CURRENT_CLOUD": "AzureLocal",
            "PATH": "/usr/bin:/bin",
            **more,
        }
        code = f"{PREAMBLE}{script}\nprint('TOLD', json.dumps(told))\n"
        command = [sys.executable, "-c", code, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout.rpartition("TOLD ")[2].splitlines()[0])

    def ask(self, method: str, path: str, body: Any = None, *, token: bool = True) -> tuple[int, Any]:
        """One plain request; the status and the answer's JSON (its text when it is none)."""
        headers = {"Authorization": f"Bearer {self.token()}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.cloud.endpoints.url('arm')}{path}"
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        tls = ssl.create_default_context(cafile=str(self.cloud.state / "tls" / "ca.pem"))
        try:
            with urllib.request.urlopen(request, context=tls, timeout=30) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def mlflow(self, method: str, action: str, **values: Any) -> tuple[int, Any]:
        """One call of MLflow's REST API."""
        return self.ask(method, f"{self.api}/{action}", values)

    def run_with_artifact(self) -> str:
        """A job's run that holds the artifact `model/x`; its id."""
        run = self.job()
        Artifacts(self.cloud).write(run.run_id, "model/x", b"bytes")
        return run.run_id

    def source(self, run_id: str) -> str:
        """The address of the artifact folder `model` of a run."""
        host = self.workspace.tracking_uri(self.cloud.endpoints)
        return f"{host}/experiments/any/runs/{run_id}/artifacts/model"

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of a type in the outbox."""
        bodies = [json.loads(row["body"]) for row in self.cloud.store.rows("select body from events order by seq")]
        return [body for body in bodies if body["type"].endswith(f".{kind}")]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A workspace whose service and identity endpoint run for the whole module."""
    state = tmp_path_factory.mktemp("lab")
    ensure_certificates(state)
    cloud = Cloud.open(state)
    declare(cloud.store)
    cloud.resources.put(Resource(id=WORKSPACE_ID, type=WORKSPACE, name="mlw-test", properties={"location": "westeurope"}))
    started = [subprocess.Popen([sys.executable, "-m", "local.services", name, str(state)]) for name in ("identity", "arm")]
    for name, process in zip(("identity", "arm"), started, strict=True):
        _wait(cloud, name, process)
    yield Lab(cloud)
    for process in started:
        process.kill()
        process.wait()


def _wait(cloud: Cloud, name: str, process: subprocess.Popen[bytes]) -> None:
    tls = ssl.create_default_context(cafile=str(cloud.state / "tls" / "ca.pem"))
    for _ in range(400):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{cloud.endpoints.url(name)}/health", context=tls, timeout=2):  # noqa: S310
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"{name} did not start")
