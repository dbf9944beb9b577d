"""Artifacts over HTTP: run history's calls that hand out addresses, and the addresses themselves, in the form of a blob.

Paths and messages are those of azureml-mlflow's `run_artifact` client.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.arm import sas
from local.services.arm.errors import ArmError
from local.services.cloud import Cloud
from local.services.http import ask
from local.services.machine_learning.mlflow.artifacts import CONTAINER, FILES, Artifacts
from local.services.machine_learning.runs import Runs
from local.services.machine_learning.workspace import workspace_of

HISTORY = "/history/v1.0/subscriptions/{workspace:path}/runs/{run_id}/artifacts"


class ArtifactsApi:
    """Lists, takes and gives artifacts."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._artifacts = Artifacts(cloud)
        self._runs = Runs(cloud.store)

    def routes(self) -> list[Route]:
        """Run history's part, with a token, and the files' part, with a signature."""
        return [
            Route(HISTORY, self._list),
            Route(f"{HISTORY}/contentinfo", self._content),
            Route(f"{HISTORY}/batch/metadata", self._create, methods=["POST"]),
            Route(f"{FILES}{CONTAINER}/{{run_id}}/{{name:path}}", self._put, methods=["PUT"]),
            Route(f"{FILES}{CONTAINER}/{{run_id}}/{{name:path}}", self._give, methods=["GET", "HEAD"]),
        ]

    def _run_id(self, request: Request, action: str) -> str:
        workspace = workspace_of(self._cloud.resources, request.url.path)
        ask(request, action, workspace.arm_id)
        run = self._runs.get(request.path_params["run_id"])
        if run is None or run.workspace.lower() != workspace.arm_id.lower():
            msg = f"Run {request.path_params['run_id']} was not found."
            raise ArmError(404, "UserError", msg)
        return run.run_id

    async def _list(self, request: Request) -> Response:
        run_id = self._run_id(request, "ml/read")
        names = await run_in_threadpool(self._artifacts.names, run_id)
        return JSONResponse({"value": [_artifact(run_id, name) for name in names]})

    async def _content(self, request: Request) -> Response:
        run_id, name = self._run_id(request, "ml/read"), request.query_params.get("path", "")
        if not self._artifacts.path(run_id, name).is_file():
            msg = f"Artifact {name} of run {run_id} was not found."
            raise ArmError(404, "UserError", msg)
        return JSONResponse(self._place(run_id, name))

    async def _create(self, request: Request) -> Response:
        """Addresses for new artifacts; one that is there already is an error of its own, the others go on."""
        run_id = self._run_id(request, "ml/write")
        names = [str(item["path"]) for item in (await request.json()).get("paths", [])]
        held = {name for name in names if self._artifacts.path(run_id, name).exists()}
        fresh = [name for name in names if name not in held]
        answer = {
            "artifacts": {name: _artifact(run_id, name) for name in fresh},
            "artifactContentInformation": {name: self._place(run_id, name) for name in fresh},
            "errors": {name: _conflict(run_id, name) for name in sorted(held)},
        }
        return JSONResponse(answer)

    async def _put(self, request: Request) -> Response:
        run_id, name = self._signed(request)
        if request.query_params.get("comp"):
            msg = "Artifacts larger than one request (64 MiB) are not emulated."
            raise ArmError(501, "NotImplemented", msg)
        body = await request.body()
        await run_in_threadpool(self._artifacts.write, run_id, name, body)
        return Response(status_code=201, headers={"ETag": _etag(body)})

    async def _give(self, request: Request) -> Response:
        file = self._artifacts.path(*self._signed(request))
        if not file.is_file():
            msg = "The specified blob does not exist."
            raise ArmError(404, "BlobNotFound", msg)
        return _ranged(request, await run_in_threadpool(Path.read_bytes, file))

    def _signed(self, request: Request) -> tuple[str, str]:
        sas.check(self._cloud, request.scope["path"], request.query_params)
        return request.path_params["run_id"], request.path_params["name"]

    def _place(self, run_id: str, name: str) -> dict[str, Any]:
        return {**_artifact(run_id, name), "contentUri": self._artifacts.address(run_id, name)}


def _artifact(run_id: str, name: str) -> dict[str, Any]:
    container = f"dcid.{run_id}"
    known = {"artifactId": f"ExperimentRun/{container}/{name}", "origin": "ExperimentRun"}
    return {**known, "container": container, "path": name}


def _conflict(run_id: str, name: str) -> dict[str, Any]:
    message = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run_id}/{name} already exists."
    return {"error": {"code": "UserError", "message": message}}


def _ranged(request: Request, body: bytes) -> Response:
    """The bytes that `x-ms-range` asks for, with the headers that a blob client needs to go on."""
    headers = {"ETag": _etag(body), "x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"}
    asked = request.headers.get("x-ms-range", "").removeprefix("bytes=")
    if not asked:
        return Response(body, headers=headers)
    first, _, last = asked.partition("-")
    if int(first) >= len(body):
        msg = "The range specified is invalid for the current size of the resource."
        raise ArmError(416, "InvalidRange", msg)
    end = min(int(last or len(body)), len(body) - 1)
    return Response(body[int(first) : end + 1], 206, {**headers, "Content-Range": f"bytes {first}-{end}/{len(body)}"})


def _etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'
