"""Images made from the one in production with a change, and what their releases came to; shared by the release tests."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contracts.images import Built
from contracts.names import NAMESPACE, SCORING, SCORING_PORT
from local.engine.agent import agent_environment
from local.environment import client_environment
from local.lifecycle import ROOT
from local.services.containers.addresses import service_address
from local.services.containers.models import DEPLOYMENT, GROUP
from local.services.devops.models import Run, Runs, Status
from local.services.machine_learning.mlflow.models import Registry
from local.services.registry.pulled import pull
from local.tokens import DEPLOYER
from rollout.service import Proof, Service
from tests.flow.conftest import Stack, until

RELEASE_SECONDS = 240.0


def production(stack: Stack) -> Service:
    """What everyone calls, by the name and the certificate that the last release told."""
    told = json.loads(newest_result(stack))["production"]
    proof = Proof(hostname=told["hostname"], certificate=told["certificate"])
    return Service(url=f"https://{service_address(stack.cloud.endpoints, NAMESPACE, SCORING)}:{SCORING_PORT}", proof=proof)


def newest_result(stack: Stack) -> str:
    """The result of the newest release that reached production."""
    files = sorted((stack.cloud.state / "devops").glob("*/result.json"), key=lambda file: int(file.parent.name), reverse=True)
    return next(text for text in (file.read_text() for file in files) if json.loads(text)["production"])


def live(stack: Stack) -> dict[str, Any]:
    """What production says that it is."""
    return production(stack).get("/version").expect(200).json()


def slots(stack: Stack) -> list[str]:
    """Names of the deployments that stand."""
    return [found.name for found in stack.cloud.resources.of_type(DEPLOYMENT)]


def groups(stack: Stack) -> list[str]:
    """Names of the container groups that stand."""
    return [found.name for found in stack.cloud.resources.of_type(GROUP)]


def roles(stack: Stack) -> dict[str, str]:
    """Role by version, read from the registry's own tables."""
    registry, workspace = Registry(stack.cloud.store), stack.outputs.ml_workspace_id
    versions = registry.versions(workspace, "demand")
    return {str(item.version): registry.tags(workspace, "demand", item.version).get("role", "") for item in versions}


def code_only(stack: Stack, edits: Mapping[str, tuple[str, str]] = {}) -> str:
    """Build and push the image in production with other code; its digest. `edits` replace one text in a file of it."""
    now, mark = live(stack)["digest"], secrets.token_hex(4)
    running = pull(stack.cloud, f"{stack.outputs.registry_login_server}/{SCORING}@{now}", DEPLOYER)
    context = stack.folder / f"context-{mark}"
    shutil.copytree(running.folder, context)
    shutil.copy(ROOT / "scoring" / "Dockerfile", context)
    with (context / "scoring" / "__init__.py").open("a") as file:
        file.write(f"# {mark}\n")
    for name, (old, new) in edits.items():
        text = (context / name).read_text()
        assert old in text
        (context / name).write_text(text.replace(old, new))
    labels = json.dumps(Built.of(running.labels).labels())
    command = [sys.executable, "-m", "tests.flow.push_image", str(context), mark, stack.outputs.registry_id, labels]
    plain = {name: os.environ[name] for name in ("PATH", "HOME")}
    variables = {**plain, **client_environment(stack.cloud, DEPLOYER)}
    done = subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def released(stack: Stack, digest: str, seconds: float = RELEASE_SECONDS) -> tuple[Run, dict[str, Any]]:
    """The pipeline run that the push of an image started, once it has ended, and the result it wrote."""
    runs = Runs(stack.cloud.store)

    def of() -> list[Run]:
        return [run for run in runs.listed() if run.parameters.get("digest") == digest]

    until(f"the release of {digest[:19]} ends", lambda: of() and of()[0].status is Status.COMPLETED, seconds)
    file = stack.cloud.state / "devops" / str(of()[0].id) / "result.json"
    return of()[0], json.loads(file.read_text()) if file.exists() else {}


def rollout(stack: Stack, digest: str, result: Path) -> tuple[list[str], dict[str, str]]:
    """Command and environment of `make release`."""
    command = ["make", "release", f"DIGEST={digest}", "STACK=dev", f"RESULT={result}"]
    return command, {**agent_environment(stack.cloud, "dev"), "UV_PYTHON_DOWNLOADS": "never"}
