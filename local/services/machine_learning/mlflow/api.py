"""The routes of MLflow in a workspace: tracking, registry, artifacts, and models as documents."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.http import ServiceError, ask, verb_of
from local.services.machine_learning.mlflow.arm_models import ArmModels
from local.services.machine_learning.mlflow.artifacts_api import ArtifactsApi
from local.services.machine_learning.mlflow.calls import Call
from local.services.machine_learning.mlflow.errors import form, invalid
from local.services.machine_learning.mlflow.registry import RegistryCalls
from local.services.machine_learning.mlflow.tracking import Tracking
from local.services.machine_learning.workspace import workspace_of

PATH = "/mlflow/{version}/subscriptions/{workspace:path}/api/2.0/mlflow/{action:path}"
UNKNOWN = "/mlflow/{rest:path}"
METHODS = ["GET", "POST", "PATCH", "DELETE"]


def routes(cloud: Cloud) -> list[Route]:
    """All routes of this part; they stand before those of documents and of jobs, whose patterns are wider."""
    table = {**Tracking(cloud).table(), **RegistryCalls(cloud).table()}

    def answer(request: Request, body: bytes) -> Response:
        action = table.get((request.method, request.path_params["action"]))
        if action is None:
            return Response(status_code=404)
        try:
            workspace = workspace_of(cloud.resources, request.url.path)
            ask(request, f"ml/experiments/runs/{verb_of(request.method)}", workspace.arm_id)
            values = json.loads(body) if body else {}
            if not isinstance(values, dict):
                raise invalid("The body is not a JSON object.")
            return JSONResponse(action(Call(workspace=workspace, values={**request.query_params, **values})))
        except json.JSONDecodeError:
            return form(invalid("The body is not JSON."))
        except ServiceError as error:
            return form(error)

    async def serve(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await request.body())

    async def absent(_: Request) -> Response:
        """Azure ML answers so where MLflow has an API that the workspace has not: logged models, aliases, traces."""
        return Response(status_code=404)

    return [
        Route(PATH, serve, methods=METHODS),
        Route(UNKNOWN, absent, methods=METHODS),
        *ArtifactsApi(cloud).routes(),
        *ArmModels(cloud).routes(),
    ]
