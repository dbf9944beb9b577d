"""The hosts as an ASGI app: what runs, its logs; the pods themselves are kept by threads beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from local.services.cloud import Cloud
from local.services.containers.forwards import Forwards
from local.services.containers.host import Host
from local.services.containers.models import Pods
from local.services.http import ServiceError, application


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state; pods run while the app lives."""
    pods, host = Pods(cloud.store), Host(cloud)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        host.start()
        forwarding = asyncio.create_task(Forwards(cloud).run())
        yield
        forwarding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await forwarding
        await run_in_threadpool(host.stop)

    async def listed(_: Request) -> Response:
        return JSONResponse({"items": [asdict(pod) for pod in pods.all()]})

    async def log(request: Request) -> Response:
        file = cloud.logs / "pods" / f"{request.path_params['pod']}.log"
        if not file.is_file():
            raise ServiceError(404, "NotFound", f'pods "{request.path_params["pod"]}" not found')
        return PlainTextResponse(file.read_text(errors="replace"))

    routes: list[BaseRoute] = [Route("/pods", listed), Route("/logs/{pod}", log)]
    return application(cloud, "containers", routes, error_form=_form, lifespan=lifespan)


def _form(error: ServiceError) -> Response:
    """The error as the Kubernetes API writes it."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": error.code, "message": error.message}
    return JSONResponse({**status, "code": error.status}, error.status)
