"""`GET /msi/token`: the endpoint that `IDENTITY_ENDPOINT` and `AZURE_MSI_ENDPOINT` name."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.http import application
from local.services.identity.errors import IdentityRefusedError, form
from local.services.identity.models import principal_of

PATH = "/msi/token"


def create_app(cloud: Cloud) -> Starlette:
    """The identity service; its one path is open, because it is where tokens come from.

    Source of the protocol: learn.microsoft.com, overview-managed-identity (App Service), REST endpoint reference.
    """

    async def token(request: Request) -> Response:
        resource = request.query_params.get("resource", "")
        if not resource or not request.query_params.get("api-version"):
            msg = "The parameters `resource` and `api-version` are required."
            raise IdentityRefusedError(msg)
        name = request.headers.get("x-identity-header", "")
        principal = principal_of(cloud.resources, name, request.query_params.get("client_id"))
        access_token, ends = cloud.tokens.issue(principal, resource)
        body = {"access_token": access_token, "expires_on": str(ends), "resource": resource, "token_type": "Bearer"}
        return JSONResponse({**body, "client_id": principal.client_id})

    return application(cloud, "identity", [Route(PATH, token)], error_form=form, open_paths=frozenset({PATH}))
