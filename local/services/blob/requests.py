"""What a request to the blob endpoint says, read from its headers and query; what is not emulated is refused by name."""

from __future__ import annotations

import re
import uuid
from urllib.parse import unquote, urlsplit

from starlette.requests import Request

from local.services.blob.errors import BlobError, Code
from local.services.blob.models import Attributes
from local.services.blob.storage_events import Call

KNOWN_PARAMETERS = frozenset(
    {"restype", "comp", "blockid", "timeout", "prefix", "delimiter", "startFrom", "marker", "maxresults", "include"}
)
REFUSED_HEADERS = frozenset(
    {
        "x-ms-lease-id",
        "x-ms-if-tags",
        "x-ms-source-if-tags",
        "x-ms-tags",
        "x-ms-encryption-key",
        "x-ms-encryption-scope",
        "x-ms-immutability-policy-until-date",
        "x-ms-legal-hold",
        "x-ms-range-get-content-md5",
        "x-ms-range-get-content-crc64",
        "x-ms-structured-body",
    }
)
CONTENT_HEADERS = {
    "x-ms-blob-content-type": "content-type",
    "x-ms-blob-content-encoding": "content-encoding",
    "x-ms-blob-content-language": "content-language",
    "x-ms-blob-content-disposition": "content-disposition",
    "x-ms-blob-cache-control": "cache-control",
    "x-ms-blob-content-md5": "content-md5",
}
METADATA = "x-ms-meta-"
AZURE_HOST = ".blob.core.windows.net"


def refuse_unknown(request: Request) -> None:
    """Refuse what would be ignored otherwise.

    Raises:
        BlobError: UnsupportedQueryParameter or UnsupportedHeader, naming it.
    """
    unknown = sorted(set(request.query_params) - KNOWN_PARAMETERS)
    if unknown:
        raise BlobError(Code.UNSUPPORTED_QUERY_PARAMETER, f"Not emulated: {', '.join(unknown)}.")
    refused = sorted(REFUSED_HEADERS & set(request.headers))
    if refused:
        raise BlobError(Code.UNSUPPORTED_HEADER, f"Not emulated: {', '.join(refused)}.")


def call_of(request: Request) -> Call:
    """The ids of a request; a new one of our own for each."""
    return Call(request_id=str(uuid.uuid4()), client_request_id=request.headers.get("x-ms-client-request-id", ""))


def attributes_of(request: Request, md5: str = "") -> Attributes:
    """Content headers and metadata that a write gives a blob; `md5` is of the bytes received."""
    given = {name: request.headers[header] for header, name in CONTENT_HEADERS.items() if header in request.headers}
    body_type = request.headers.get("content-type", "application/octet-stream")
    known = {"content-type": body_type, **({"content-md5": md5} if md5 else {})}
    return Attributes(headers={**known, **given}, metadata=metadata_of(request))


def metadata_of(request: Request) -> dict[str, str]:
    """The user's metadata by name."""
    return {name.removeprefix(METADATA): value for name, value in request.headers.items() if name.startswith(METADATA)}


def span_of(request: Request, size: int) -> tuple[int, int] | None:
    """First byte and number of bytes of a range request, None for the whole blob.

    Raises:
        BlobError: InvalidHeaderValue for a form that Azure does not have, InvalidRange (416) past the end.
    """
    text = request.headers.get("x-ms-range") or request.headers.get("range")
    if text is None:
        return None
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", text)
    if found is None:
        raise BlobError(Code.INVALID_HEADER_VALUE, f"Range: {text}")
    first, last = int(found[1]), int(found[2] or size - 1)
    if first >= size or last < first:
        raise BlobError(Code.INVALID_RANGE)
    return first, min(last, size - 1) - first + 1


def copy_path(source: str) -> str:
    """The decoded `/ACCOUNT/CONTAINER/BLOB` that a copy source names, path style or with Azure's own host."""
    parts = urlsplit(source)
    path = unquote(parts.path)
    host = parts.hostname or ""
    return f"/{host.removesuffix(AZURE_HOST)}{path}" if host.endswith(AZURE_HOST) else path
