"""How the MLflow endpoints of a workspace refuse: `error_code` and `message`.

Source: mlflow.org/docs/latest/rest-api.html and the error codes of MLflow's `databricks.proto`.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ForbiddenError, ServiceError


class MlflowError(ServiceError):
    """A request that the tracking server or the registry refuses."""


def form(error: ServiceError) -> Response:
    """The error as MLflow's servers write it; one of Resource Manager's keeps its status."""
    denied = "PERMISSION_DENIED" if isinstance(error, ForbiddenError) else "RESOURCE_DOES_NOT_EXIST"
    code = error.code if isinstance(error, MlflowError) else denied
    return JSONResponse({"error_code": code, "message": error.message}, error.status)


def missing(what: str) -> MlflowError:
    """The answer to a request for what is not there."""
    return MlflowError(404, "RESOURCE_DOES_NOT_EXIST", f"{what} does not exist.")


def taken(what: str) -> MlflowError:
    """The answer to the making of what is there already."""
    return MlflowError(400, "RESOURCE_ALREADY_EXISTS", f"{what} already exists.")


def invalid(message: str) -> MlflowError:
    """The answer to a value that the server does not take."""
    return MlflowError(400, "INVALID_PARAMETER_VALUE", message)
