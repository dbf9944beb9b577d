"""The routes of jobs: Resource Manager's documents, run history, and the files of logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.services.arm import sas
from local.services.arm.errors import invalid, not_found
from local.services.cloud import Cloud
from local.services.http import ask, verb_of
from local.services.machine_learning import operations
from local.services.machine_learning.jobs import views
from local.services.machine_learning.jobs.executor import Executor
from local.services.machine_learning.jobs.models import Jobs
from local.services.machine_learning.jobs.submit import submit
from local.services.machine_learning.runs import Run, RunKind, Runs
from local.services.machine_learning.workspace import Workspace, workspace_of

SITE = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices/workspaces/{workspace}"
HISTORY = f"/history/v1.0{SITE}/runs"


def routes(cloud: Cloud, executor: Executor) -> list[Route]:
    """All routes of jobs; they stand before those of documents, whose pattern is wider."""
    api = JobsApi(cloud, executor)
    return [
        api.route(f"{SITE}/jobs", "GET", api.list_jobs),
        api.route(f"{SITE}/jobs/{{name}}", "PUT", api.put),
        api.route(f"{SITE}/jobs/{{name}}", "GET", api.get),
        api.route(f"{SITE}/jobs/{{name}}/cancel", "POST", api.cancel),
        api.route(f"{HISTORY}/{{name}}", "GET", api.history),
        api.route(f"{HISTORY}/{{name}}/details", "GET", api.details),
        api.route(f"{HISTORY}/{{name}}/children", "GET", api.children),
        Route(f"{views.RUN_LOGS}{{name}}/{{file:path}}", api.log, methods=["GET"]),
    ]


type Endpoint = Callable[[Request, Workspace, bytes], Response]


class JobsApi:
    """Endpoints over the jobs and runs of workspaces."""

    def __init__(self, cloud: Cloud, executor: Executor) -> None:
        self._cloud = cloud
        self._executor = executor
        self._runs = Runs(cloud.store)
        self._jobs = Jobs(cloud.store)

    def route(self, path: str, method: str, endpoint: Endpoint) -> Route:
        """A route whose endpoint is given the workspace and the body."""

        async def serve(request: Request) -> Response:
            body = await request.body()
            workspace = workspace_of(self._cloud.resources, request.url.path)
            ask(request, f"ml/jobs/{verb_of(method)}", workspace.arm_id)
            return await run_in_threadpool(endpoint, request, workspace, body)

        return Route(path, serve, methods=[method])

    def put(self, request: Request, workspace: Workspace, body: bytes) -> Response:
        properties = _properties(body)
        submit(self._cloud, workspace, request.path_params["name"], properties, request.state.principal.name)
        self._executor.wake()
        return JSONResponse(self._view(self._run(request, workspace)), 201)

    def get(self, request: Request, workspace: Workspace, _: bytes) -> Response:
        return JSONResponse(self._view(self._run(request, workspace)))

    def list_jobs(self, request: Request, workspace: Workspace, _body: bytes) -> Response:
        found = [self._runs.get(name) for name in self._jobs.listed(workspace.arm_id)]
        tag, _, value = str(request.query_params.get("tag", "")).partition("=")
        shown = [self._view(run) for run in found if run is not None]
        tagged = [item for item in shown if not tag or _has(item["properties"]["tags"], tag, value)]
        return JSONResponse({"value": tagged})

    def cancel(self, request: Request, workspace: Workspace, _: bytes) -> Response:
        run = self._run(request, workspace)
        if run.kind is not RunKind.PIPELINE:
            raise invalid(f"The run '{run.run_id}' is no job; cancel the job '{run.root}'.")
        self._runs.cancel(run.run_id)
        self._executor.wake()
        return operations.accepted(self._cloud, workspace)

    def history(self, request: Request, workspace: Workspace, _: bytes) -> Response:
        return JSONResponse(views.history_view(self._runs, self._run(request, workspace)))

    def details(self, request: Request, workspace: Workspace, _: bytes) -> Response:
        return JSONResponse(views.details_view(self._cloud, self._runs, self._run(request, workspace)))

    def children(self, request: Request, workspace: Workspace, _: bytes) -> Response:
        children = self._runs.children(self._run(request, workspace).run_id)
        return JSONResponse({"value": [views.history_view(self._runs, child) for child in children]})

    async def log(self, request: Request) -> Response:
        sas.check(self._cloud, request.url.path, request.query_params)
        run = self._runs.get(request.path_params["name"])
        text = views.log_text(self._cloud, self._runs, run, request.path_params["file"]) if run else None
        if text is None:
            raise not_found(request.url.path)
        return PlainTextResponse(text)

    def _run(self, request: Request, workspace: Workspace) -> Run:
        run = self._runs.get(request.path_params["name"])
        if run is None or run.workspace.lower() != workspace.arm_id.lower():
            raise not_found(request.url.path)
        return run

    def _view(self, run: Run) -> dict[str, Any]:
        job = self._jobs.get(run.run_id)
        return views.child_view(run) if job is None else views.job_view(self._cloud, self._runs, run, job)


def _properties(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise invalid(f"The request content was invalid and could not be deserialized: {error}") from error
    properties = value.get("properties") if isinstance(value, dict) else None
    if not isinstance(properties, dict):
        raise invalid("The request content was invalid and could not be deserialized: it is no job.")
    return properties


def _has(tags: dict[str, str], name: str, value: str) -> bool:
    return name in tags and (not value or tags[name] == value)
