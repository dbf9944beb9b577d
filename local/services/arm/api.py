"""Resource Manager as an ASGI app: metadata, the subscription, jobs, MLflow and documents of workspaces, ACR Tasks; no more."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.services.arm import metadata, subscription
from local.services.arm.errors import ArmError, form
from local.services.blob.errors import form as storage_form
from local.services.cloud import Cloud
from local.services.http import ServiceError, application
from local.services.machine_learning import operations
from local.services.machine_learning.documents import api as documents
from local.services.machine_learning.documents.uploads import PREFIX
from local.services.machine_learning.forgetting import forget_history
from local.services.machine_learning.jobs import api as jobs
from local.services.machine_learning.jobs.executor import Executor
from local.services.machine_learning.jobs.views import RUN_LOGS
from local.services.machine_learning.mlflow import api as mlflow
from local.services.machine_learning.mlflow.artifacts import FILES
from local.services.registry.tasks import api as tasks
from local.services.registry.tasks.executor import Builds
from local.services.throttle import BUSY

FORGET_SECONDS = 0.5
SIGNED = (f"{PREFIX}/", FILES, RUN_LOGS, *tasks.SIGNED)
"""Paths below which a signed query stands in for a token: uploads, artifacts, logs of runs, contexts and logs of builds."""

OPEN = frozenset({metadata.METADATA, metadata.DISCOVERY})
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state; jobs go on while the app lives."""
    executor, builds = Executor(cloud), Builds(cloud)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        executor.start()
        builds.start()
        forgetting = asyncio.create_task(_forget(cloud))
        forgetting.add_done_callback(_ended)
        yield
        executor.stop()
        builds.stop()
        forgetting.cancel()
        with suppress(asyncio.CancelledError):
            await forgetting

    async def refuse(request: Request) -> Response:
        raise ArmError(404, "NotFound", f"No API found for '{request.method} {request.url.path}'.")

    parts = [
        *metadata.routes(cloud),
        *subscription.routes(cloud),
        *mlflow.routes(cloud),
        *jobs.routes(cloud, executor),
        *operations.routes(),
        *tasks.routes(cloud, builds),
        *documents.routes(cloud),
    ]
    routes = [*parts, Route("/{path:path}", refuse, methods=METHODS)]
    return application(cloud, "arm", routes, error_form=_form, open_paths=OPEN, open_prefixes=SIGNED, lifespan=lifespan)


def _form(error: ServiceError) -> Response:
    """Resource Manager's words; storage's where that is what stands behind a signed query."""
    return storage_form(error) if error.code == BUSY["blob"].code else form(error)


async def _forget(cloud: Cloud) -> None:
    while True:
        await run_in_threadpool(documents.forget_deleted, cloud)
        await run_in_threadpool(forget_history, cloud)
        await asyncio.sleep(FORGET_SECONDS)


def _ended(task: asyncio.Task[None]) -> None:
    """An unforeseen error must not leave a service that answers and forgets nothing: its supervisor starts it again."""
    if not task.cancelled():
        os.kill(os.getpid(), signal.SIGTERM)
