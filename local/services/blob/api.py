"""The blob endpoint: finds the operation that a request asks for and refuses the others by name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from local.resources import Resources
from local.services.blob import operations
from local.services.blob.content import ContentFolder
from local.services.blob.errors import BlobError, Code, form
from local.services.blob.models import Blobs
from local.services.blob.operations import Endpoint, Operation
from local.services.blob.place import Place, place_of
from local.services.blob.requests import call_of, refuse_unknown
from local.services.blob.storage_events import Call
from local.services.cloud import Cloud
from local.services.http import ServiceError, application, ask

CONTAINER = "Microsoft.Storage/storageAccounts/blobServices/containers"
PURGE_SECONDS = 0.5

# (method, what the path names, comp) -> what it does to the scope, and how.
OPERATIONS: dict[tuple[str, str, str], tuple[str, Operation]] = {
    ("PUT", "blob", ""): ("blob/write", operations.put),
    ("PUT", "blob", "block"): ("blob/write", operations.put_block),
    ("PUT", "blob", "blocklist"): ("blob/write", operations.put_block_list),
    ("PUT", "blob", "metadata"): ("blob/write", operations.put_metadata),
    ("GET", "blob", ""): ("blob/read", operations.get),
    ("HEAD", "blob", ""): ("blob/read", operations.head),
    ("GET", "blob", "metadata"): ("blob/read", operations.head),
    ("HEAD", "blob", "metadata"): ("blob/read", operations.head),
    ("DELETE", "blob", ""): ("blob/delete", operations.delete),
    ("GET", "container", "list"): ("blob/read", operations.list_blobs),
    ("GET", "container", ""): ("blob/read", operations.container),
    ("HEAD", "container", ""): ("blob/read", operations.container),
    ("POST", "container", "batch"): ("blob/delete", operations.delete_many),
    ("POST", "account", "batch"): ("blob/delete", operations.delete_many),
}


def create_app(cloud: Cloud) -> Starlette:
    """The blob service over the stack's storage accounts and containers."""
    folder = ContentFolder(cloud.state / "blobs")
    blobs = Blobs(cloud.store, folder)
    endpoint = Endpoint(store=cloud.store, resources=cloud.resources, blobs=blobs, folder=folder)

    async def serve(request: Request) -> Response:
        call = call_of(request)
        try:
            answer = await _answer(endpoint, request, call)
        except ServiceError as error:
            answer = form(error)
        except ClientDisconnect:
            answer = form(BlobError(Code.INVALID_INPUT, "The client closed the connection within the body."))
        answer.headers["x-ms-request-id"] = call.request_id
        answer.headers["x-ms-client-request-id"] = call.client_request_id
        answer.headers["x-ms-version"] = request.headers.get("x-ms-version", "2023-11-03")
        return answer

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        purge = asyncio.create_task(_purge(blobs, cloud.resources))
        yield
        purge.cancel()
        with suppress(asyncio.CancelledError):
            await purge

    methods = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"]
    return application(cloud, "blob", [Route("/{path:path}", serve, methods=methods)], error_form=form, lifespan=lifespan)


async def _answer(endpoint: Endpoint, request: Request, call: Call) -> Response:
    level, comp = _level(request), request.query_params.get("comp", "")
    place = place_of(endpoint.resources, request.scope["path"])
    found = OPERATIONS.get((request.method, level, comp))
    if found is None:
        named = f"{request.method} on {level} {f'with comp={comp}' if comp else ''}".strip()
        raise BlobError(Code.UNSUPPORTED_HTTP_VERB, f"Not emulated: {named}.")
    action, operation = found
    ask(request, action, _scope(place))
    refuse_unknown(request)
    return await operation(endpoint, request, place, call)


def _level(request: Request) -> str:
    parts = request.scope["path"].lstrip("/").split("/", 2)
    if len(parts) > 2 and parts[2]:  # noqa: PLR2004 - account, container, blob
        return "blob"
    if len(parts) > 1 and parts[1]:
        return "container" if request.query_params.get("restype") == "container" else "container without restype"
    return "account"


def _scope(place: Place) -> str:
    return place.container_id if place.container else place.account_id


async def _purge(blobs: Blobs, resources: Resources) -> None:
    """Empty the containers whose resource was deleted, so that one made again under the name is empty."""
    while True:
        blobs.drop_containers({_names(resource.id) for resource in resources.of_type(CONTAINER)})
        await asyncio.sleep(PURGE_SECONDS)


def _names(container_id: str) -> tuple[str, str]:
    parts = container_id.split("/")
    return parts[-5], parts[-1]
