"""Azure DevOps with an agent whose `make` is a program of the tests: it does what a plan says and notes what it did."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from local.services.devops.api import create_app
from local.tokens import Principal
from tests.local.services.conftest import Site

DIGEST = f"sha256:{'0' * 64}"
MAKE = """#!{python}
import json, os, signal, subprocess, sys, time
from pathlib import Path

folder, digest = Path({folder!r}), sys.argv[2].partition("=")[2]
plan = json.loads((folder / "plan.json").read_text())


def note(did, **more):
    with (folder / "effects.jsonl").open("a") as file:
        file.write(json.dumps(dict(did=did, digest=digest, pid=os.getpid(), **more)) + "\\n")


def stop(number, frame):
    note("interrupted", signal=number)
    if not plan.get("stubborn"):
        sys.exit(130)


for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, stop)
if plan.get("orphan"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    note("orphan", child=child.pid)
variables = {{name: os.environ.get(name) for name in ("PULUMI_BACKEND_URL", "IDENTITY_HEADER", "ADO_URL", "PATH")}}
note("began", arguments=sys.argv[1:], folder=os.getcwd(), variables=variables)
print("step qa done 1.0 ok", flush=True)
ends = time.monotonic() + plan.get("seconds", 0)
while time.monotonic() < ends:
    time.sleep(0.02)
if "result" in plan:
    Path(sys.argv[4].partition("=")[2]).write_text(json.dumps(plan["result"]))
print("the end", flush=True)
note("ended")
sys.exit(plan.get("code", 0))
"""


@dataclass(frozen=True, kw_only=True)
class Tools:
    """A folder of programs for PATH, and what the one named `make` is to do and has done."""

    folder: Path

    def plan(self, **plan: Any) -> None:
        """Say what the next runs do."""
        (self.folder / "plan.json").write_text(json.dumps(plan))

    def effects(self) -> list[dict[str, Any]]:
        """What the runs did, in order."""
        file = self.folder / "effects.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def did(self) -> list[str]:
        """What the runs did, by name."""
        return [effect["did"] for effect in self.effects()]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Programs first on PATH: `make`, and an installed engine, which a release would call."""
    folder = tmp_path / "tools"
    folder.mkdir()
    programs = dict.fromkeys(("pulumi", "pulumi-language-python"), "#!/bin/sh\n")
    for name, text in {**programs, "make": MAKE.format(python=sys.executable, folder=str(folder))}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    made = Tools(folder=folder)
    made.plan()
    return made


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project of an organization, asked as a principal."""

    http: httpx.Client
    authorization: str

    def call(self, method: str, path: str, *, status: int = 200, **request: Any) -> Any:
        """Make a call and return the JSON of its answer, which has this status."""
        headers = {"Authorization": self.authorization, "Accept": "application/json"}
        answer = self.http.request(method, f"/contoso/shop/_apis/{path}", headers=headers, **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    def start(self, digest: str = DIGEST, **parameters: str) -> int:
        """Start a run and return its id."""
        body = {"templateParameters": {"digest": digest, **parameters}}
        return int(self.call("POST", "pipelines/1/runs?api-version=7.1", json=body)["id"])

    def build(self, run_id: int) -> Any:
        """The run as a build."""
        return self.call("GET", f"build/builds/{run_id}?api-version=7.1")

    def wait(self, run_id: int, status: str = "completed", seconds: float = 30.0) -> Any:
        """Wait until the build has a status."""
        ends = time.monotonic() + seconds
        while (found := self.build(run_id))["status"] != status:
            assert time.monotonic() < ends, found
            time.sleep(0.02)
        return found

    def settle(self) -> None:
        """Cancel what is still to do, the newest first, and wait until nothing is."""
        for build in self.call("GET", "build/builds?statusFilter=notStarted,inProgress&api-version=7.1")["value"]:
            change = f"/contoso/shop/_apis/build/builds/{build['id']}?api-version=7.1"
            self.http.patch(change, headers={"Authorization": self.authorization}, json={"status": "cancelling"})
            self.wait(build["id"])

    def issues(self, run_id: int) -> list[str]:
        """Why a run did not succeed."""
        [job] = self.call("GET", f"build/builds/{run_id}/timeline?api-version=7.1")["records"]
        return [issue["message"] for issue in job["issues"]]


@pytest.fixture
def as_project(site: Site) -> Callable[..., Project]:
    """Ask a service through a client, as a principal."""

    def make(http: httpx.Client, principal: Principal | None = None) -> Project:
        token, _ = site.cloud.tokens.issue(principal or site.deployer, "499b84ac-1321-427f-aa17-267ca6975798")
        return Project(http=http, authorization=f"Bearer {token}")

    return make


@pytest.fixture
def project(site: Site, tools: Tools, as_project: Callable[..., Project]) -> Iterator[Project]:
    """The service inside this process."""
    assert tools.effects() == []
    server = uvicorn.Server(uvicorn.Config(create_app(site.cloud), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    [listening] = server.servers[0].sockets
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=30) as client:
        asked = as_project(client)
        yield asked
        asked.settle()
    server.should_exit = True
    thread.join()


@pytest.fixture
def served(site: Site, tools: Tools, as_project: Callable[..., Project]) -> Iterator[Project]:
    """The service in a process of its own, which a test may kill and start again."""
    assert tools.effects() == []
    site.start("devops")
    with httpx.Client(base_url=site.cloud.endpoints.url("devops"), verify=site.tls, timeout=30) as client:
        yield as_project(client)
