"""The workspace as an ASGI app: its APIs, its executor, and a refusal by name of all else."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.databricks.errors import error_form, no_endpoint
from local.services.databricks.executor import Executor
from local.services.databricks.files_api import FilesApi
from local.services.databricks.jobs_api import JobsApi
from local.services.databricks.models import DDL
from local.services.databricks.volumes import Volumes
from local.services.http import application

CONFIGURATION = "/.well-known/databricks-config"
"""Asked for by databricks-sdk before it has a token; this workspace has none to show."""

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state; runs go on while the app lives."""
    cloud.store.declare(DDL)
    executor = Executor(cloud)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        executor.start()
        yield
        executor.stop()

    async def refuse(request: Request) -> Response:
        raise no_endpoint(request.method, request.url.path)

    routes = [
        *JobsApi(cloud, executor).routes(),
        *FilesApi(Volumes(cloud.store)).routes(cloud),
        Route("/{path:path}", refuse, methods=METHODS),
    ]
    opened = frozenset({CONFIGURATION})
    return application(cloud, "databricks", routes, error_form=error_form, open_paths=opened, lifespan=lifespan)
