"""How Resource Manager refuses: the `error` object with `code` and `message`.

Source: learn.microsoft.com/azure/azure-resource-manager/management, "Common deployment errors".
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ServiceError


class ArmError(ServiceError):
    """A request that Resource Manager or a resource provider refuses."""


def form(error: ServiceError) -> Response:
    """The error as Resource Manager writes it."""
    return JSONResponse({"error": {"code": error.code, "message": error.message, "details": []}}, error.status)


def not_found(arm_id: str) -> ArmError:
    """The answer to a GET of what is not there."""
    return ArmError(404, "ResourceNotFound", f"The Resource '{arm_id}' was not found.")


def invalid(message: str) -> ArmError:
    """The answer to a body that the service does not take."""
    return ArmError(400, "UserError", message)


def conflict(message: str) -> ArmError:
    """The answer to a change of what can't be changed."""
    return ArmError(409, "Conflict", message)


def not_emulated(what: str) -> ArmError:
    """The refusal of what Azure has and the local cloud has not."""
    return ArmError(501, "NotImplemented", f"The local cloud does not emulate {what}.")
