"""A Databricks workspace as a real service process, a wheel to run in it, and databricks-sdk as its client."""

from __future__ import annotations

import io
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure.identity import DefaultAzureCredential
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from databricks.sdk.credentials_provider import CredentialsStrategy
from databricks.sdk.service import compute, jobs

from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.tokens import SUBSCRIPTION

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers"
SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
RELEASE = "/Volumes/main/mlops/releases/1"
WAIT_SECONDS = 30.0

PROBE = """
import json, os, sys, time

def arguments():
    return dict(item[2:].split("=", 1) for item in sys.argv[1:])

def record(**line):
    with open(arguments()["effects"], "a") as file:
        file.write(json.dumps({"pid": os.getpid(), **line}) + "\\n")

def ok():
    print("hello from the probe")
    record(did="ok", argv=sys.argv, environment=dict(os.environ), cwd=os.getcwd(), prefix=sys.prefix)

def fail():
    record(did="fail")
    raise ValueError("the probe was told to fail")

def leave():
    sys.exit(3)

def returns():
    record(did="returns")
    return 1

def sleep():
    record(did="began", at=time.time())
    time.sleep(float(arguments()["seconds"]))
    record(did="ended", at=time.time())

def forgotten():
    import httpx

def outside():
    import local

def fork():
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    record(did="forked", child=child.pid)
    time.sleep(60)

def large():
    held = bytearray(150_000_000)
    held[::4096] = b"1" * len(held[::4096])
"""
ENTRIES = ("ok", "fail", "leave", "returns", "sleep", "forgotten", "outside", "fork", "large")


@dataclass(frozen=True)
class Identity(CredentialsStrategy):
    """Logs databricks-sdk in by azure-identity, as the product's publish step does."""

    def auth_type(self) -> str:
        return "azure-identity"

    def __call__(self, _: Config) -> Callable[[], dict[str, str]]:
        credential = DefaultAzureCredential()
        return lambda: {"Authorization": f"Bearer {credential.get_token(SCOPE).token}"}


@dataclass
class Site:
    """One stack's workspace: its state, its processes, and what tests ask of it."""

    cloud: Cloud
    cache: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def add(self, arm_type: str, name: str, **properties: Any) -> str:
        arm_id = f"{GROUP}/{arm_type}/{name}"
        self.cloud.resources.put(Resource(id=arm_id, type=arm_type, name=name, properties=properties))
        return arm_id

    def start(self, name: str) -> None:
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.cache), "PYTHONWARNINGS": ""}
        command = [sys.executable, "-m", "local.services", name, str(self.cloud.state)]
        self.processes[name] = subprocess.Popen(command, env=environment)
        context = ssl.create_default_context(cafile=str(self.cloud.state / "tls" / "ca.pem"))
        until(lambda: _answers(self.cloud.endpoints.url(name), context))

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End the services; an open connection of a client keeps each for its 3 seconds of grace."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(20)
        self.processes.clear()

    @property
    def client(self) -> WorkspaceClient:
        strategy = Identity()
        return WorkspaceClient(host=self.cloud.endpoints.url("databricks"), credentials_strategy=strategy)

    def wait(self, client: WorkspaceClient, run_id: int, *states: str) -> jobs.Run:
        """The run once it is in one of the states (by default: over); quicker than the SDK's own waiter."""
        wanted = states or ("TERMINATED", "INTERNAL_ERROR", "SKIPPED")
        found: list[jobs.Run] = []

        def reached() -> bool:
            found.append(client.jobs.get_run(run_id))
            return str(life(found[-1])) in wanted

        until(reached)
        return found[-1]


def life(run: jobs.Run | jobs.RunTask) -> str:
    assert run.state is not None
    assert run.state.life_cycle_state is not None
    return run.state.life_cycle_state.value


def _answers(url: str, context: ssl.SSLContext) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", context=context, timeout=2):  # noqa: S310 - a loopback https address
            return True
    except (urllib.error.URLError, OSError):
        return False


def until(reached: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_SECONDS
    while not reached():
        if time.monotonic() > ends:
            pytest.fail("waited too long")
        time.sleep(0.05)


def make_site(state: Path, cache: Path) -> Site:
    ensure_certificates(state)
    site = Site(Cloud.open(state), cache)
    site.add("Microsoft.Databricks/workspaces", "dbw-test")
    site.add("Microsoft.Storage/storageAccounts", "other")
    site.add("Microsoft.Storage/storageAccounts", "lake", isHnsEnabled=True)
    ids = {"clientId": "client-of-data", "principalId": "principal-of-data"}
    site.add("Microsoft.ManagedIdentity/userAssignedIdentities", "id-data", **ids)
    return site


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("probe")
    entries = "\n".join(f'{name} = "probe:{name}"' for name in ENTRIES if name != "returns")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "probe"\nversion = "1"\n[project.scripts]\n{entries}\n'
        '[tool.hatch.build.targets.wheel]\ninclude = ["probe.py"]\n'
    )
    (folder / "probe.py").write_text(PROBE)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"], cwd=folder, check=True)
    return next((folder / "dist").glob("*.whl"))


@pytest.fixture(scope="session")
def shared_site(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Site]:
    site = make_site(tmp_path_factory.mktemp("databricks"), cache)
    site.start("identity")
    site.start("databricks")
    yield site
    site.stop()


@pytest.fixture
def own_site(tmp_path: Path, cache: Path) -> Iterator[Site]:
    site = make_site(tmp_path / "state", cache)
    site.start("identity")
    site.start("databricks")
    yield site
    for name in list(site.processes):
        site.kill(name)


@pytest.fixture
def connect(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Site], WorkspaceClient]:
    """Make this process a client of a site, with the probe's wheel uploaded there."""

    def connected(site: Site) -> WorkspaceClient:
        for name, value in client_environment(site.cloud, "deployer", "lake").items():
            monkeypatch.setenv(name, value)
        client = site.client
        client.files.upload(f"{RELEASE}/{wheel.name}", io.BytesIO(wheel.read_bytes()), overwrite=True)
        client.files.upload(f"{RELEASE}/requirements.txt", io.BytesIO(b"# nothing\n"), overwrite=True)
        return client

    return connected


@pytest.fixture
def workspace(shared_site: Site, connect: Callable[[Site], WorkspaceClient]) -> WorkspaceClient:
    return connect(shared_site)


@pytest.fixture
def make_task(tmp_path: Path, wheel: Path) -> Callable[..., jobs.Task]:
    """Define a task that calls an entry point of the probe."""

    def define(entry: str, needs: tuple[str, ...] = (), named: dict[str, str] | None = None, **more: Any) -> jobs.Task:
        return jobs.Task(
            task_key=more.pop("key", entry),
            job_cluster_key="main",
            depends_on=[jobs.TaskDependency(task_key=name) for name in needs] or None,
            python_wheel_task=jobs.PythonWheelTask(
                package_name="probe",
                entry_point=entry,
                named_parameters={"effects": str(tmp_path / "effects.jsonl"), **(named or {})},
            ),
            libraries=[
                compute.Library(requirements=f"{RELEASE}/requirements.txt"),
                compute.Library(whl=f"{RELEASE}/{wheel.name}"),
            ],
            **more,
        )

    return define


@pytest.fixture
def make_settings() -> Callable[..., jobs.JobSettings]:
    """Define a job of tasks on one job cluster."""

    def define(*tasks: jobs.Task, **more: Any) -> jobs.JobSettings:
        cluster = compute.ClusterSpec(
            spark_version="16.4.x-scala2.12",
            node_type_id="Standard_D4ds_v5",
            num_workers=0,
            spark_env_vars={"AZURE_CLIENT_ID": "client-of-data", "EVENTS_BOOTSTRAP": "evh:9093"},
        )
        clusters = [jobs.JobCluster(job_cluster_key="main", new_cluster=cluster)]
        return jobs.JobSettings(name=more.pop("name", "a job"), tasks=list(tasks), job_clusters=clusters, **more)

    return define
