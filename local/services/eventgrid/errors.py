"""How the Event Grid routes refuse: ARM's error object."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ServiceError


def form(error: ServiceError) -> Response:
    """The error as Azure Resource Manager writes it."""
    return JSONResponse({"error": {"code": error.code, "message": error.message}}, error.status)
