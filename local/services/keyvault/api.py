"""Key vaults as an ASGI app: certificates and the secrets that hold them, and a refusal by name of all else.

A vault answers at `https://127.0.0.1:PORT/NAME`. The client believes a challenge only if its own host ends with a dot and the
host of the resource, which is so for the end of the loopback address, and resolves on every machine.
"""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.endpoints import HOST
from local.resources import Resource
from local.services.cloud import Cloud
from local.services.http import ForbiddenError, application, ask
from local.services.keyvault import errors, views
from local.services.keyvault.models import VAULT, Certificates

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ELSEWHERE = frozenset({"issuers", "contacts"})
"""What stands among the certificates and is none."""
RETRY_AFTER = {"Retry-After": "1"}
"""Seconds; Azure's number is 10."""


def create_app(cloud: Cloud) -> Starlette:
    """Build the service over a stack's state."""
    resource = f"https://{HOST.partition('.')[2]}:{cloud.endpoints.keyvault}"
    return application(cloud, "keyvault", VaultApi(cloud).routes(), error_form=partial(errors.form, resource=resource))


class VaultApi:
    """The calls that make a certificate, read it, and read its key."""

    def __init__(self, cloud: Cloud) -> None:
        self._resources, self._certificates = cloud.resources, Certificates(cloud)

    def routes(self) -> list[BaseRoute]:
        """All paths; a version may be empty, as the clients write it."""
        certificate = "/{vault}/certificates/{name}"
        return [
            Route(f"{certificate}/create", self._create, methods=["POST"]),
            Route(f"{certificate}/pending", self._pending, methods=["GET"]),
            Route(f"{certificate}/policy", self._policy, methods=["GET", "PATCH"]),
            Route(f"{certificate}/versions", self._versions, methods=["GET"]),
            *(Route(f"{certificate}{end}", self._certificate, methods=["GET"]) for end in ("", "/", "/{version}")),
            *(Route(f"/{{vault}}/secrets/{{name}}{end}", self._secret, methods=["GET"]) for end in ("", "/", "/{version}")),
            Route("/{path:path}", self._refuse, methods=METHODS),
        ]

    async def _create(self, request: Request) -> Response:
        vault, name = self._asked(request, "certificates/create/action")
        body = await request.json()
        if not (body.get("attributes") or {}).get("enabled", True):
            raise errors.not_emulated("certificates that are not enabled")
        create, policy, tags = self._certificates.create, body.get("policy") or {}, body.get("tags") or {}
        made = await run_in_threadpool(create, vault, name, policy, tags)
        return JSONResponse(views.pending(vault, made, status="inProgress"), 202, headers=RETRY_AFTER)

    async def _pending(self, request: Request) -> Response:
        vault, name = self._asked(request, "certificates/read")
        newest = self._certificates.get("certificate", vault, name)
        return JSONResponse(views.pending(vault, newest, status="completed"))

    async def _policy(self, request: Request) -> Response:
        write = request.method == "PATCH"
        vault, name = self._asked(request, "certificates/update/action" if write else "certificates/read")
        if write:
            held = self._certificates.update_policy(vault, name, await request.json())
        else:
            held = self._certificates.get("certificate", vault, name)
        return JSONResponse(views.policy(vault, held))

    async def _versions(self, request: Request) -> Response:
        vault, name = self._asked(request, "certificates/read")
        listed = [views.item(vault, version) for version in self._certificates.versions(vault, name)]
        return JSONResponse({"value": listed, "nextLink": None})

    async def _certificate(self, request: Request) -> Response:
        vault, name = self._asked(request, "certificates/read")
        version = request.path_params.get("version", "")
        return JSONResponse(views.bundle(vault, self._certificates.get("certificate", vault, name, version)))

    async def _secret(self, request: Request) -> Response:
        vault, name = self._asked(request, "secrets/getSecret/action")
        version = request.path_params.get("version", "")
        return JSONResponse(views.secret(vault, self._certificates.get("secret", vault, name, version)))

    async def _refuse(self, request: Request) -> Response:
        raise errors.not_emulated(f"{request.method} {request.url.path} of Key Vault")

    def _asked(self, request: Request, action: str) -> tuple[str, str]:
        """The names of vault and object, once the caller may do this to them."""
        vault, name = self._vault(request.path_params["vault"]), request.path_params["name"]
        if name in ELSEWHERE:
            raise errors.not_emulated(f"certificates/{name} of Key Vault")
        scope, wanted = f"{vault.id}/{action.partition('/')[0]}/{name}", f"vault/{action}"
        try:
            ask(request, wanted, scope)
        except ForbiddenError as error:
            raise errors.forbidden(request.state.principal, wanted, scope, str(vault.properties.get("location"))) from error
        return vault.name, name

    def _vault(self, name: str) -> Resource:
        vaults = self._resources.of_type(VAULT)
        found = next((item for item in vaults if item.name.lower() == name.lower()), None)
        if found is None:
            raise errors.vault_unknown(name)
        return found
