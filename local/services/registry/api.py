"""The registry as an ASGI app: the OCI distribution API, its token exchange, and a refusal by name of all else."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.endpoints import HOST
from local.services.cloud import Cloud
from local.services.eventgrid import models as eventgrid
from local.services.http import application, ask
from local.services.registry import errors, tokens_api
from local.services.registry.image_events import Caller
from local.services.registry.models import Images

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
READS = frozenset({"GET", "HEAD"})
DIGEST_HEADER = "Docker-Content-Digest"


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state."""
    eventgrid.declare(cloud.store)
    api = RegistryApi(Images(cloud))
    login = f"{HOST}:{cloud.endpoints.registry}"

    async def refuse(request: Request) -> Response:
        raise errors.unsupported(f"{request.method} {request.url.path}")

    routes: list[BaseRoute] = [*tokens_api.routes(cloud), *api.routes(), Route("/{path:path}", refuse, methods=METHODS)]
    opened = frozenset({tokens_api.EXCHANGE, tokens_api.TOKEN})
    return application(cloud, "registry", routes, error_form=partial(errors.form, login=login), open_paths=opened)


class RegistryApi:
    """The calls of the OCI distribution specification 1.1 that pull and push one image, list, and delete."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        """All paths; a repository's name may hold slashes."""
        return [
            Route("/v2/", self._hello, methods=["GET"]),
            Route("/v2/_catalog", self._catalog, methods=["GET"]),
            Route("/v2/{name:path}/tags/list", self._tags, methods=["GET"]),
            Route("/v2/{name:path}/manifests/{reference}", self._manifest, methods=["GET", "PUT", "DELETE"]),
            Route("/v2/{name:path}/blobs/uploads/", self._begin, methods=["POST"]),
            Route("/v2/{name:path}/blobs/uploads/{upload}", self._upload, methods=["PATCH", "PUT"]),
            Route("/v2/{name:path}/blobs/{digest}", self._blob, methods=["GET"]),
        ]

    async def _hello(self, request: Request) -> Response:
        self._ask(request)
        return JSONResponse({})

    async def _catalog(self, request: Request) -> Response:
        self._ask(request)
        return JSONResponse({"repositories": self._images.repositories()})

    async def _tags(self, request: Request) -> Response:
        self._ask(request)
        name = request.path_params["name"]
        return JSONResponse({"name": name, "tags": list(self._images.tags(name))})

    async def _manifest(self, request: Request) -> Response:
        self._ask(request)
        name, reference = request.path_params["name"], request.path_params["reference"]
        if request.method == "PUT":
            return await self._put_manifest(request, name, reference)
        if request.method == "DELETE":
            await run_in_threadpool(self._images.delete_manifest, name, reference, _caller(request))
            return Response(status_code=202)
        found = self._images.manifest(name, reference)
        return Response(found.body, media_type=found.media_type, headers={DIGEST_HEADER: found.digest})

    async def _put_manifest(self, request: Request, name: str, reference: str) -> Response:
        body, media = await request.body(), request.headers.get("content-type", "").partition(";")[0].strip()
        put = partial(self._images.put_manifest, name, reference, media_type=media, body=body, caller=_caller(request))
        digest = await run_in_threadpool(put)
        headers = {DIGEST_HEADER: digest, "Location": f"/v2/{name}/manifests/{digest}"}
        return Response(status_code=201, headers=headers)

    async def _begin(self, request: Request) -> Response:
        self._ask(request)
        if request.query_params:
            raise errors.unsupported(f"a blob upload with {', '.join(request.query_params)}")
        return self._accepted(request.path_params["name"], self._images.begin(), 0)

    async def _upload(self, request: Request) -> Response:
        self._ask(request)
        name, upload = request.path_params["name"], request.path_params["upload"]
        size = await run_in_threadpool(self._images.append, upload, await request.body())
        if request.method == "PATCH":
            return self._accepted(name, upload, size)
        digest = request.query_params.get("digest", "")
        await run_in_threadpool(self._images.finish, upload, digest)
        return Response(status_code=201, headers={DIGEST_HEADER: digest, "Location": f"/v2/{name}/blobs/{digest}"})

    async def _blob(self, request: Request) -> Response:
        self._ask(request)
        digest = request.path_params["digest"]
        file = self._images.blob(digest)
        return FileResponse(file, media_type="application/octet-stream", headers={DIGEST_HEADER: digest})

    def _accepted(self, name: str, upload: str, size: int) -> Response:
        headers = {
            "Location": f"/v2/{name}/blobs/uploads/{upload}",
            "Range": f"0-{max(size - 1, 0)}",
            "Docker-Upload-UUID": upload,
        }
        return Response(status_code=202, headers=headers)

    def _ask(self, request: Request) -> None:
        ask(request, "registry/pull" if request.method in READS else "registry/push", self._images.resource.id)


def _caller(request: Request) -> Caller:
    headers = request.headers
    return Caller(method=request.method, host=headers.get("host", ""), user_agent=headers.get("user-agent", ""))
