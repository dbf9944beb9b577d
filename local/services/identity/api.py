"""`GET /msi/token`: the endpoint that `IDENTITY_ENDPOINT`, `AZURE_MSI_ENDPOINT` and, on a compute cluster, `MSI_ENDPOINT` name."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.eventhubs.rights import ROUTES
from local.services.http import application
from local.services.identity.errors import IdentityRefusedError, form
from local.services.identity.models import principal_of

PATH = "/msi/token"
APP_SERVICE, CLUSTER = ("x-identity-header", "client_id"), ("secret", "clientid")
"""The header that names the workload, and the parameter that names the identity."""

CLUSTER_VERSION = "2017-09-01"


def create_app(cloud: Cloud) -> Starlette:
    """The identity service; its first path is open, because it is where tokens come from; the others judge them for the broker.

    App Service names the workload by the header `x-identity-header` and an identity by the parameter `client_id`; a cluster of
    Azure Machine Learning speaks the version before it, with the header `secret` and the parameter `clientid`.
    Source: learn.microsoft.com, overview-managed-identity (App Service), REST endpoint reference.
    """

    async def token(request: Request) -> Response:
        resource, version = request.query_params.get("resource", ""), request.query_params.get("api-version", "")
        if not resource or not version:
            msg = "The parameters `resource` and `api-version` are required."
            raise IdentityRefusedError(msg)
        header, parameter = CLUSTER if version == CLUSTER_VERSION else APP_SERVICE
        principal = principal_of(cloud.resources, request.headers.get(header, ""), request.query_params.get(parameter))
        access_token, ends = cloud.tokens.issue(principal, resource)
        body = {"access_token": access_token, "expires_on": str(ends), "resource": resource, "token_type": "Bearer"}
        return JSONResponse({**body, "client_id": principal.client_id})

    return application(cloud, "identity", [Route(PATH, token), *ROUTES], error_form=form, open_paths=frozenset({PATH}))
