"""Databricks' error codes and texts, in its own form."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ServiceError

_CODES = {"AuthenticationFailed": "UNAUTHENTICATED"}


class DatabricksError(ServiceError):
    """An error of the workspace's REST API."""


def error_form(error: ServiceError) -> Response:
    """Write an error as Databricks does: `error_code` and `message`."""
    body = {"error_code": _CODES.get(error.code, error.code), "message": error.message}
    return JSONResponse(body, status_code=error.status)


def invalid(message: str) -> DatabricksError:
    """A request whose values can't be accepted."""
    return DatabricksError(400, "INVALID_PARAMETER_VALUE", message)


def no_job(job_id: object) -> DatabricksError:
    """The Jobs API names a missing job by 400, not 404."""
    return invalid(f"Job {job_id} does not exist.")


def no_run(run_id: object) -> DatabricksError:
    """The Jobs API names a missing run by 400, not 404."""
    return invalid(f"Run {run_id} does not exist.")


def no_endpoint(method: str, path: str) -> DatabricksError:
    """A path that the API does not have, or that is not emulated."""
    return DatabricksError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'.")


def not_emulated(what: str) -> DatabricksError:
    """Something that Databricks has and this service has not; refused by name rather than ignored."""
    return DatabricksError(501, "NOT_IMPLEMENTED", f"The local cloud does not emulate {what}.")


def not_found(path: str) -> DatabricksError:
    """A file or directory that is not in the volume."""
    return DatabricksError(404, "NOT_FOUND", f"The file or directory being accessed is not found: {path}")


def no_workspace() -> DatabricksError:
    """The answer for a host that no workspace owns."""
    return DatabricksError(404, "NOT_FOUND", "The workspace of this host does not exist.")
