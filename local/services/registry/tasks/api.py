"""ACR Tasks over Resource Manager: upload address, quick builds, runs and their logs; all other tasks are refused.

Source: learn.microsoft.com/rest/api/container-registry-tasks. The registry's own document is answered here, too.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from local.resources import Resource
from local.services.arm import sas
from local.services.arm.errors import ArmError, invalid, not_found
from local.services.cloud import Cloud
from local.services.http import ask
from local.services.registry.models import ARM_TYPE, NAME, TAG
from local.services.registry.tasks.executor import Builds
from local.services.registry.tasks.runs import OPEN, BuildRun, Status

BASE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerRegistry/registries/{registry}"
SOURCES, LOGS = "/buildsources/", "/buildlogs/"
SIGNED = (SOURCES, LOGS)
"""Paths below which a signed query stands in for a token."""

TAKEN = {
    "type",
    "imageNames",
    "isPushEnabled",
    "dockerFilePath",
    "arguments",
    "platform",
    "sourceLocation",
    "timeout",
    "noCache",
    "agentPoolName",
}
MOST_BYTES = 256 * 1024 * 1024


def routes(cloud: Cloud, builds: Builds) -> list[Route]:
    """All calls."""
    api = TasksApi(cloud, builds)
    return [
        Route(BASE, api.document, methods=["GET"]),
        Route(f"{BASE}/listBuildSourceUploadUrl", api.upload_url, methods=["POST"]),
        Route(f"{BASE}/scheduleRun", api.schedule, methods=["POST"]),
        Route(f"{BASE}/agentPools", api.agent_pools, methods=["GET"]),
        Route(f"{BASE}/runs", api.list, methods=["GET"]),
        Route(f"{BASE}/runs/{{run}}", api.get, methods=["GET"]),
        Route(f"{BASE}/runs/{{run}}/listLogSasUrl", api.log_url, methods=["POST"]),
        Route(f"{BASE}/runs/{{run}}/cancel", api.cancel, methods=["POST"]),
        Route(f"{SOURCES}{{path:path}}", api.upload, methods=["PUT"]),
        Route(f"{LOGS}{{run}}", api.log, methods=["GET"]),
    ]


class TasksApi:
    """The calls on one registry."""

    def __init__(self, cloud: Cloud, builds: Builds) -> None:
        self._cloud = cloud
        self._builds = builds

    async def document(self, request: Request) -> Response:
        """GET of the registry itself."""
        registry = self._registry(request, "registry/read")
        held = registry.properties
        properties = {name: held.get(name) for name in ("loginServer", "adminUserEnabled", "provisioningState")}
        told = {"id": registry.id, "name": registry.name, "type": ARM_TYPE, "location": held.get("location")}
        return JSONResponse({**told, "sku": held.get("sku"), "tags": held.get("tags") or {}, "properties": properties})

    async def upload_url(self, request: Request) -> Response:
        """Where a context may be put."""
        self._registry(request, "registry/tasks")
        day = time.strftime("%Y%m%d", time.gmtime())
        relative = f"source/{day}0000/{secrets.token_hex(16)}.tar.gz"
        path = f"{SOURCES}{relative}"
        url = f"{self._cloud.endpoints.url('arm')}{path}?{sas.signed(self._cloud, path)}"
        return JSONResponse({"uploadUrl": url, "relativePath": relative})

    async def upload(self, request: Request) -> Response:
        """PUT of a context, as of a block blob."""
        sas.check(self._cloud, request.url.path, request.query_params)
        if request.headers.get("x-ms-blob-type") != "BlockBlob" or request.query_params.get("comp"):
            raise invalid("Only Put Blob of a block blob is emulated for build contexts.")
        body = await request.body()
        if len(body) > MOST_BYTES:
            raise invalid(f"The context has {len(body)} bytes; {MOST_BYTES} are allowed.")
        file = self._builds.runs.source(request.path_params["path"])
        await run_in_threadpool(_keep, file, body)
        return Response(status_code=201)

    async def schedule(self, request: Request) -> Response:
        """Queue a DockerBuildRequest."""
        registry = self._registry(request, "registry/tasks")
        body = _checked(await request.body())
        pool = body.get("agentPoolName")
        if pool and pool not in {item.name for item in self._pools(registry)}:
            raise not_found(f"{registry.id}/agentPools/{pool}")
        run = await run_in_threadpool(self._builds.runs.add, body, asdict(request.state.principal))
        self._builds.wake()
        return JSONResponse(run.view(registry.id))

    async def agent_pools(self, request: Request) -> Response:
        """Agents of the registry's own; builds run here alike."""
        pools = self._pools(self._registry(request, "registry/tasks"))
        told = ({"id": pool.id, "name": pool.name, "type": pool.type, "location": pool.properties["location"]} for pool in pools)
        return JSONResponse({"value": list(told)})

    async def list(self, request: Request) -> Response:
        """Runs, the newest first."""
        registry = self._registry(request, "registry/tasks")
        found = self._builds.runs.newest(int(request.query_params.get("$top", "100")))
        return JSONResponse({"value": [run.view(registry.id) for run in found]})

    async def get(self, request: Request) -> Response:
        """One run."""
        registry = self._registry(request, "registry/tasks")
        return JSONResponse(self._run(request).view(registry.id))

    async def log_url(self, request: Request) -> Response:
        """Where a run's log can be read."""
        self._registry(request, "registry/tasks")
        path = f"{LOGS}{self._run(request).run_id}"
        return JSONResponse({"logLink": f"{self._cloud.endpoints.url('arm')}{path}?{sas.signed(self._cloud, path)}"})

    async def log(self, request: Request) -> Response:
        """A run's log so far."""
        sas.check(self._cloud, request.url.path, request.query_params)
        file = self._builds.runs.log(self._run(request).run_id)
        return FileResponse(file, media_type="text/plain") if file.exists() else Response("", media_type="text/plain")

    async def cancel(self, request: Request) -> Response:
        """Cancel a run that has not begun."""
        self._registry(request, "registry/tasks")
        run = self._run(request)
        if run.status is Status.RUNNING:
            raise ArmError(409, "NotEmulated", "A build that has begun is not stopped here; it takes seconds.")
        if run.status in OPEN:
            self._builds.runs.end(run.run_id, Status.CANCELED)
        return Response(status_code=200)

    def _registry(self, request: Request, action: str) -> Resource:
        arm_id = "/".join(request.url.path.split("/")[:9])
        found = self._cloud.resources.get(arm_id)
        if found is None:
            raise not_found(arm_id)
        ask(request, action, found.id)
        return found

    def _pools(self, registry: Resource) -> Sequence[Resource]:
        every = self._cloud.resources.of_type(f"{ARM_TYPE}/agentPools")
        return [pool for pool in every if pool.id.lower().startswith(f"{registry.id}/".lower())]

    def _run(self, request: Request) -> BuildRun:
        try:
            return self._builds.runs.get(request.path_params["run"])
        except KeyError as error:
            raise not_found(request.url.path) from error


def _keep(file: Any, body: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    draft.write_bytes(body)
    draft.replace(file)


def _checked(content: bytes) -> dict[str, Any]:
    """A DockerBuildRequest that is carried out here.

    Raises:
        ArmError: 400 for another kind of request, or a member that is not emulated.
    """
    try:
        body: dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise invalid(str(error)) from error
    if body.get("type") != "DockerBuildRequest":
        raise invalid(f"Only a DockerBuildRequest is emulated, not {body.get('type')!r}.")
    unknown = sorted(name for name, value in body.items() if name not in TAKEN and value is not None and value is not False)
    if unknown:
        raise invalid(f"Not emulated in a DockerBuildRequest: {', '.join(unknown)}.")
    if (body.get("platform") or {}).get("os", "").lower() != "linux":
        raise invalid("Only the platform Linux is emulated.")
    if body.get("isPushEnabled") is not True or len(body.get("imageNames") or []) != 1:
        raise invalid("Only a build of one image name that is pushed is emulated.")
    repository, _, tag = str(body["imageNames"][0]).rpartition(":")
    if not NAME.fullmatch(repository) or not TAG.fullmatch(tag):
        raise invalid(f"The image name {body['imageNames'][0]!r} is not REPOSITORY:TAG.")
    return body
