"""Azure DevOps' error types and texts, in its own form."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ServiceError

_BUILD = "Microsoft.TeamFoundation.Build.WebApi.{}, Microsoft.TeamFoundation.Build2.WebApi"
_PIPELINES = "Microsoft.Azure.Pipelines.WebApi.{}, Microsoft.Azure.Pipelines.WebApi"
_SERVICES = "Microsoft.VisualStudio.Services.WebApi.{}, Microsoft.VisualStudio.Services.WebApi"
_FRAMEWORK = "Microsoft.TeamFoundation.Framework.Server.{}, Microsoft.TeamFoundation.Framework.Server"
_FAMILIES = {"Build": _BUILD, "Request": _FRAMEWORK, "Definition": _BUILD, "Pipeline": _PIPELINES, "Unauthorized": _FRAMEWORK}


class DevOpsError(ServiceError):
    """An error of the REST API; `code` is its `typeKey`."""


def error_form(error: ServiceError) -> Response:
    """Write an error as Azure DevOps does."""
    key, message = error.code, error.message
    if error.status == 401:  # noqa: PLR2004 - the gate knows no service's own words
        key, message = "UnauthorizedRequestException", "TF400813: The user '' is not authorized to access this resource."
    family = next((name for prefix, name in _FAMILIES.items() if key.startswith(prefix)), _SERVICES)
    named = {"message": message, "typeName": family.format(key), "typeKey": key}
    body = {"$id": "1", "innerException": None, **named, "errorCode": 0, "eventId": 3000}
    return JSONResponse(body, status_code=error.status)


def no_build(run_id: str) -> DevOpsError:
    """A build that was never queued."""
    return DevOpsError(404, "BuildNotFoundException", f"The requested build {run_id} could not be found.")


def no_pipeline(pipeline: str) -> DevOpsError:
    """A pipeline other than the one there is."""
    return DevOpsError(404, "PipelineNotFoundException", f"Pipeline with id {pipeline} was not found.")


def invalid_parameters(message: str) -> DevOpsError:
    """Template parameters that the pipeline does not take."""
    return DevOpsError(400, "PipelineValidationException", message)


def invalid_body(message: str) -> DevOpsError:
    """A body that is not the one the operation asks for."""
    return DevOpsError(400, "VssPropertyValidationException", message)


def no_version(method: str) -> DevOpsError:
    """A write without the version of the API it is meant for."""
    text = f'No api-version was supplied for the "{method}" request. The version must be supplied either as part of the Accept '
    return DevOpsError(
        400,
        "VssVersionNotSpecifiedException",
        text + 'header (e.g. "application/json; api-version=1.0") or as a query parameter (e.g. "?api-version=1.0").',
    )


def ended(run_id: int) -> DevOpsError:
    """A change of a build that has completed."""
    return DevOpsError(400, "BuildStatusInvalidChangeException", f"The status of build {run_id} cannot change: it has completed.")


def not_emulated(what: str) -> DevOpsError:
    """Something that Azure DevOps has and this service has not; refused by name rather than ignored."""
    return DevOpsError(501, "NotImplementedException", f"The local cloud does not emulate {what}.")
