"""The part of Blob Storage that azure-ai-ml uploads code by: put, properties, metadata, below a signed container address.

Source: learn.microsoft.com/rest/api/storageservices, operations on blobs.
"""

from __future__ import annotations

import hashlib
import uuid
from base64 import b64encode
from email.utils import formatdate

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.services.arm import sas
from local.services.blob.errors import BlobError, Code, form
from local.services.blob.requests import metadata_of
from local.services.cloud import Cloud
from local.services.http import ServiceError
from local.services.machine_learning.documents.uploads import PREFIX, Uploads

METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]


class UploadApi:
    """Endpoints over the uploaded files."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._uploads = Uploads(cloud)

    def routes(self) -> list[BaseRoute]:
        """The routes below `/uploads`, open but for their signature."""
        return [Route(f"{PREFIX}/{{container}}/{{name:path}}", self._serve, methods=METHODS)]

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        try:
            return await run_in_threadpool(self._answer, request, body)
        except ServiceError as error:
            return form(error)

    def _answer(self, request: Request, body: bytes) -> Response:
        container, name = request.path_params["container"], request.path_params["name"]
        sas.check(self._cloud, f"{PREFIX}/{container}", request.query_params)
        if request.method in ("GET", "HEAD"):
            return self._read(container, name)
        if request.method != "PUT":
            raise BlobError(Code.UNSUPPORTED_HTTP_VERB, f"{request.method} is not emulated here.")
        return self._put(request, container, name, body)

    def _put(self, request: Request, container: str, name: str, body: bytes) -> Response:
        operation = request.query_params.get("comp")
        if operation is None:
            return self._write(request, container, name, body)
        if operation != "metadata":
            raise BlobError(Code.UNSUPPORTED_QUERY_PARAMETER, f"Not emulated: comp={operation}.")
        if self._uploads.metadata(container, name) is None:
            raise BlobError(Code.BLOB_NOT_FOUND)
        self._uploads.set_metadata(container, name, metadata_of(request))
        return Response(status_code=200, headers=_headers(b""))

    def _write(self, request: Request, container: str, name: str, body: bytes) -> Response:
        if request.headers.get("if-none-match") == "*" and self._uploads.metadata(container, name) is not None:
            raise BlobError(Code.BLOB_ALREADY_EXISTS)
        digest = b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        if request.headers.get("content-md5", digest) != digest:
            raise BlobError(Code.MD5_MISMATCH)
        self._uploads.write(container, name, body)
        return Response(status_code=201, headers={**_headers(body), "content-md5": digest})

    def _read(self, container: str, name: str) -> Response:
        file, metadata = self._uploads.read(container, name), self._uploads.metadata(container, name)
        if file is None or metadata is None:
            raise BlobError(Code.BLOB_NOT_FOUND)
        body = file.read_bytes()
        told = {f"x-ms-meta-{key}": value for key, value in metadata.items()}
        return Response(body, headers={**_headers(body), "x-ms-blob-type": "BlockBlob", **told})


def _headers(body: bytes) -> dict[str, str]:
    return {
        "etag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        "last-modified": formatdate(usegmt=True),
        "x-ms-request-id": str(uuid.uuid4()),
        "x-ms-version": "2024-11-04",
    }
