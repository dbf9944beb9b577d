"""Event Grid's process: the delivery thread, and the counts of each subscription to read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.arm.errors import form
from local.services.cloud import Cloud
from local.services.eventgrid.models import metrics
from local.services.eventgrid.subscriptions import all_subscriptions
from local.services.eventgrid.worker import Worker
from local.services.http import ServiceError, application


def create_app(cloud: Cloud) -> Starlette:
    """Event Grid over the stack's system topics and subscriptions."""
    worker = Worker(cloud)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker.start()
        yield
        worker.stop()

    async def everything(_: Request) -> Response:
        found = all_subscriptions(cloud.resources).values()
        return JSONResponse({"value": [{"name": one.name, **asdict(metrics(cloud.store, one.id))} for one in found]})

    async def one(request: Request) -> Response:
        name = request.path_params["name"]
        found = [one for one in all_subscriptions(cloud.resources).values() if one.name == name]
        if not found:
            raise ServiceError(404, "ResourceNotFound", f"The event subscription '{name}' was not found.")
        return JSONResponse({"name": name, **asdict(metrics(cloud.store, found[0].id))})

    routes = [Route("/subscriptions", everything), Route("/subscriptions/{name}/metrics", one)]
    return application(cloud, "eventgrid", [*routes], error_form=form, lifespan=lifespan)
