"""Azure Storage's error codes and texts, and its XML form."""

from __future__ import annotations

from enum import StrEnum
from xml.sax.saxutils import escape

from starlette.responses import Response

from local.services.http import ForbiddenError, ServiceError
from local.tokens import TENANT


class Code(StrEnum):
    """The codes that this endpoint answers with."""

    AUTHORIZATION_PERMISSION_MISMATCH = "AuthorizationPermissionMismatch"
    BLOB_ALREADY_EXISTS = "BlobAlreadyExists"
    BLOB_NOT_FOUND = "BlobNotFound"
    CANNOT_VERIFY_COPY_SOURCE = "CannotVerifyCopySource"
    CONDITION_NOT_MET = "ConditionNotMet"
    CONTAINER_NOT_FOUND = "ContainerNotFound"
    INVALID_BLOCK_ID = "InvalidBlockId"
    INVALID_BLOCK_LIST = "InvalidBlockList"
    INVALID_HEADER_VALUE = "InvalidHeaderValue"
    INVALID_INPUT = "InvalidInput"
    INVALID_QUERY_PARAMETER_VALUE = "InvalidQueryParameterValue"
    INVALID_RANGE = "InvalidRange"
    INVALID_URI = "InvalidUri"
    INVALID_XML_DOCUMENT = "InvalidXmlDocument"
    MD5_MISMATCH = "Md5Mismatch"
    MISSING_REQUIRED_HEADER = "MissingRequiredHeader"
    RESOURCE_NOT_FOUND = "ResourceNotFound"
    SOURCE_CONDITION_NOT_MET = "SourceConditionNotMet"
    UNSUPPORTED_HEADER = "UnsupportedHeader"
    UNSUPPORTED_HTTP_VERB = "UnsupportedHttpVerb"
    UNSUPPORTED_QUERY_PARAMETER = "UnsupportedQueryParameter"


# Source: learn.microsoft.com/rest/api/storageservices, blob-service-error-codes and status-and-error-codes2.
ERRORS: dict[Code, tuple[int, str]] = {
    Code.AUTHORIZATION_PERMISSION_MISMATCH: (
        403,
        "This request is not authorized to perform this operation using this permission.",
    ),
    Code.BLOB_ALREADY_EXISTS: (409, "The specified blob already exists."),
    Code.BLOB_NOT_FOUND: (404, "The specified blob does not exist."),
    Code.CANNOT_VERIFY_COPY_SOURCE: (404, "The specified blob does not exist."),
    Code.CONDITION_NOT_MET: (412, "The condition specified using HTTP conditional header(s) is not met."),
    Code.CONTAINER_NOT_FOUND: (404, "The specified container does not exist."),
    Code.INVALID_BLOCK_ID: (400, "The specified block ID is invalid. The block ID must be Base64-encoded."),
    Code.INVALID_BLOCK_LIST: (400, "The specified block list is invalid."),
    Code.INVALID_HEADER_VALUE: (400, "The value for one of the HTTP headers is not in the correct format."),
    Code.INVALID_INPUT: (400, "One of the request inputs is not valid."),
    Code.INVALID_QUERY_PARAMETER_VALUE: (400, "Value for one of the query parameters specified in the request URI is invalid."),
    Code.INVALID_RANGE: (416, "The range specified is invalid for the current size of the resource."),
    Code.INVALID_URI: (400, "The requested URI does not represent any resource on the server."),
    Code.INVALID_XML_DOCUMENT: (400, "XML specified is not syntactically valid."),
    Code.MD5_MISMATCH: (400, "The MD5 value specified in the request did not match with the MD5 value calculated by the server."),
    Code.MISSING_REQUIRED_HEADER: (400, "An HTTP header that's mandatory for this request is not specified."),
    Code.RESOURCE_NOT_FOUND: (404, "The specified resource does not exist."),
    Code.SOURCE_CONDITION_NOT_MET: (412, "The source condition specified using HTTP conditional header(s) is not met."),
    Code.UNSUPPORTED_HEADER: (400, "One of the HTTP headers specified in the request is not supported."),
    Code.UNSUPPORTED_HTTP_VERB: (405, "The resource doesn't support the specified HTTP verb."),
    Code.UNSUPPORTED_QUERY_PARAMETER: (400, "One of the query parameters specified in the request URI is not supported."),
}
NOT_MODIFIED = 304
UNAUTHORIZED = 401


class BlobError(ServiceError):
    """A request that Blob Storage refuses; `detail` names what, after Azure's own text."""

    def __init__(self, code: Code, detail: str = "", *, status: int = 0) -> None:
        usual, message = ERRORS[code]
        super().__init__(status or usual, code, f"{message} {detail}".strip())


def form(error: ServiceError) -> Response:
    """The error as Azure Storage writes it: XML with Code and Message, the code in a header too."""
    if error.status == UNAUTHORIZED:
        return _unauthorized(error.message)
    if isinstance(error, ForbiddenError):
        error = BlobError(Code.AUTHORIZATION_PERMISSION_MISMATCH)
    headers = {"x-ms-error-code": error.code}
    if error.status == NOT_MODIFIED:
        return Response(status_code=NOT_MODIFIED, headers=headers)
    return _response(error.status, error.code, error.message, headers)


def _unauthorized(reason: str) -> Response:
    missing = "no bearer token" in reason
    code = "NoAuthenticationInformation" if missing else "InvalidAuthenticationInfo"
    advice = "Please refer to the information in the www-authenticate header."
    text = f"Server failed to authenticate the request. {advice} {reason}"
    challenge = (
        f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}/oauth2/authorize "
        "resource_id=https://storage.azure.com"
    )
    return _response(UNAUTHORIZED, code, text, {"x-ms-error-code": code, "WWW-Authenticate": challenge})


def _response(status: int, code: str, message: str, headers: dict[str, str]) -> Response:
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>'
    return Response(body, status, headers, media_type="application/xml")
