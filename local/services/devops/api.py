"""Azure DevOps as an ASGI app: any organization, any project, one pipeline; a refusal by name of all else.

Who may do what is Azure DevOps' own matter, not Resource Manager's, so no role assignment is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.services.cloud import Cloud
from local.services.devops.builds_api import BuildsApi
from local.services.devops.errors import error_form, not_emulated
from local.services.devops.executor import Executor
from local.services.devops.models import Runs
from local.services.devops.pipelines_api import PipelinesApi
from local.services.http import application

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state; runs go on while the app lives."""
    runs = Runs(cloud.store)
    executor = Executor(cloud, runs)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        executor.start()
        yield
        executor.stop()

    async def refuse(request: Request) -> Response:
        what = f"'{request.method} {request.url.path}'"
        raise not_emulated(what)

    routes: list[BaseRoute] = [
        *PipelinesApi(runs).routes(),
        *BuildsApi(cloud, runs).routes(),
        Route("/{path:path}", refuse, methods=METHODS),
    ]
    return application(cloud, "devops", routes, error_form=error_form, lifespan=lifespan)
