"""One function for each operation of the blob endpoint: request in, Azure's answer out."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from local.resources import Resources
from local.services.blob import batch, blocks, listing
from local.services.blob.conditions import Conditions
from local.services.blob.content import PIECE, ContentFolder
from local.services.blob.errors import BlobError, Code
from local.services.blob.models import Blob, Blobs
from local.services.blob.place import Place, place_of
from local.services.blob.requests import attributes_of, call_of, copy_path, metadata_of, span_of
from local.services.blob.storage_events import Call
from local.store import Store

CREATED, ACCEPTED, PARTIAL = 201, 202, 206


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What the operations work on."""

    store: Store
    resources: Resources
    blobs: Blobs
    folder: ContentFolder


type Operation = Callable[[Endpoint, Request, Place, Call], Awaitable[Response]]


async def put(endpoint: Endpoint, request: Request, place: Place, call: Call) -> Response:
    """Put Blob, or Copy Blob when a source is named."""
    if "x-ms-copy-source" in request.headers:
        return _copy(endpoint, request, place, call)
    kind = request.headers.get("x-ms-blob-type")
    if kind is None:
        raise BlobError(Code.MISSING_REQUIRED_HEADER, "x-ms-blob-type")
    if kind != "BlockBlob":
        raise BlobError(Code.INVALID_HEADER_VALUE, f"Not emulated: x-ms-blob-type {kind}.")
    content = await endpoint.folder.receive(request.stream())
    if request.headers.get("content-md5", content.md5) != content.md5:
        endpoint.folder.discard([content.name])
        raise BlobError(Code.MD5_MISMATCH)
    attributes = attributes_of(request, content.md5)
    blob = endpoint.blobs.put(place, content, attributes, Conditions.of(request.headers), call)
    return _written(blob, CREATED, {"Content-MD5": content.md5})


def _copy(endpoint: Endpoint, request: Request, place: Place, call: Call) -> Response:
    try:
        source = place_of(endpoint.resources, copy_path(request.headers["x-ms-copy-source"]))
    except BlobError as error:
        raise BlobError(Code.CANNOT_VERIFY_COPY_SOURCE) from error
    checks = (Conditions.of_source(request.headers), Conditions.of(request.headers))
    blob = endpoint.blobs.copy(source, place, attributes_of(request), checks, call)
    return _written(blob, ACCEPTED, {"x-ms-copy-id": str(uuid.uuid4()), "x-ms-copy-status": "success"})


async def put_block(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """Put Block."""
    block = blocks.checked_id(request.query_params.get("blockid", ""))
    if "x-ms-copy-source" in request.headers:
        raise BlobError(Code.UNSUPPORTED_HEADER, "Not emulated: Put Block From URL.")
    endpoint.blobs.stage(place, block, await endpoint.folder.receive(request.stream()))
    return Response(status_code=CREATED, headers={"x-ms-request-server-encrypted": "true"})


async def put_block_list(endpoint: Endpoint, request: Request, place: Place, call: Call) -> Response:
    """Put Block List."""
    entries = blocks.parse(await request.body())
    given = attributes_of(request)
    # The request's own content type is that of the list, not of the blob.
    media = request.headers.get("x-ms-blob-content-type", "application/octet-stream")
    given = type(given)(headers={**given.headers, "content-type": media}, metadata=given.metadata)
    return _written(endpoint.blobs.commit(place, entries, given, Conditions.of(request.headers), call), CREATED, {})


async def put_metadata(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """Set Blob Metadata."""
    return _written(endpoint.blobs.describe(place, metadata_of(request), Conditions.of(request.headers)), 200, {})


async def get(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """Get Blob, whole or a range."""
    for _attempt in range(5):
        blob = endpoint.blobs.get(place)
        Conditions.of(request.headers).check_read(blob.version)
        span = span_of(request, blob.size)
        first, length = span or (0, blob.size)
        try:
            pieces = endpoint.folder.read(blob.file, first, length)
        except FileNotFoundError:
            continue  # replaced between the two reads: the row is new now
        headers = _described(blob) | {"Content-Length": str(length)}
        if span:
            headers["Content-Range"] = f"bytes {first}-{first + length - 1}/{blob.size}"
            headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5", "")
        status = PARTIAL if span else 200
        small = length <= PIECE
        return Response(b"".join(pieces), status, headers) if small else StreamingResponse(pieces, status, headers)
    raise BlobError(Code.BLOB_NOT_FOUND)


async def head(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """Get Blob Properties (and Metadata)."""
    blob = endpoint.blobs.get(place)
    Conditions.of(request.headers).check_read(blob.version)
    return Response(status_code=200, headers=_described(blob) | {"Content-Length": str(blob.size)})


async def delete(endpoint: Endpoint, request: Request, place: Place, call: Call) -> Response:
    """Delete Blob."""
    endpoint.blobs.delete(place, Conditions.of(request.headers), call)
    return Response(status_code=ACCEPTED, headers={"x-ms-delete-type-permanent": "true"})


async def delete_many(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """Blob Batch of Delete Blob."""
    paths = batch.parse(request.headers.get("content-type", ""), await request.body())
    results: list[BlobError | None] = []
    for path in paths:
        try:
            target = _batched(endpoint.resources, place, path)
            endpoint.blobs.delete(target, Conditions(), call_of(request))
        except BlobError as error:
            results.append(error)
        else:
            results.append(None)
    body, media = batch.document(results)
    return Response(body, ACCEPTED, media_type=media)


def _batched(resources: Resources, place: Place, path: str) -> Place:
    inside = path if path.startswith(f"/{place.account}/") else f"/{place.account}{path}"
    target = place_of(resources, inside)
    if not target.name or (place.container and target.container != place.container):
        raise BlobError(Code.INVALID_INPUT, f"{path} is no blob of this container.")
    return target


async def list_blobs(endpoint: Endpoint, request: Request, place: Place, _: Call) -> Response:
    """List Blobs."""
    query = listing.Query.of(request.query_params)
    entries, marker = listing.page(endpoint.store, place, query)
    return Response(listing.document(place, query, entries, marker), media_type="application/xml")


async def container(_endpoint: Endpoint, _request: Request, place: Place, _: Call) -> Response:
    """Get Container Properties; the ETag stays, because containers are changed as resources, not here."""
    headers = {
        "ETag": f'"0x{uuid.uuid5(uuid.NAMESPACE_URL, place.container_id).hex[:15].upper()}"',
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-has-immutability-policy": "false",
        "x-ms-has-legal-hold": "false",
    }
    return Response(status_code=200, headers=headers)


def _written(blob: Blob, status: int, headers: dict[str, str]) -> Response:
    told = {"ETag": blob.etag, "Last-Modified": blob.last_modified, "x-ms-request-server-encrypted": "true"}
    return Response(status_code=status, headers=told | headers)


def _described(blob: Blob) -> dict[str, str]:
    own = {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
    given = {name.title().replace("-Md5", "-MD5"): value for name, value in blob.headers.items()}
    return {
        **own,
        **given,
        "Content-Type": blob.media,
        "ETag": blob.etag,
        "Last-Modified": blob.last_modified,
        "x-ms-creation-time": blob.creation_time,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-lease-status": "unlocked",
        "x-ms-lease-state": "available",
        "x-ms-server-encrypted": "true",
    }
