"""How the identity endpoint refuses: App Service's `statusCode` and `message`."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ServiceError


class IdentityRefusedError(ServiceError):
    """A token request that the endpoint does not serve."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "BadRequest", message)


def form(error: ServiceError) -> Response:
    """The error as App Service writes it."""
    return JSONResponse({"statusCode": error.status, "message": error.message}, error.status)
