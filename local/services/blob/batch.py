"""Blob Batch: many Delete Blob requests in one multipart body.

Source: learn.microsoft.com/rest/api/storageservices/blob-batch.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

from local.services.blob.errors import BlobError, Code

MOST = 256
"""Azure's limit of requests in one batch."""


def parse(content_type: str, body: bytes) -> list[str]:
    """The decoded paths that the batch deletes, in its order.

    Raises:
        BlobError: InvalidInput for what is no batch, is too long, or holds another operation.
    """
    # Not the library's parser: clients send boundaries, unquoted, with characters that a mail's may not have.
    boundary = re.search(r'boundary="?([^";]+)"?', content_type)
    pieces = body.split(b"--" + boundary[1].strip().encode())[1:-1] if boundary else []
    if not 0 < len(pieces) <= MOST:
        raise BlobError(Code.INVALID_INPUT, f"A batch holds 1 to {MOST} requests, this one {len(pieces)}.")
    return [_path(re.split(rb"\r?\n\r?\n", piece, maxsplit=1)[-1]) for piece in pieces]


def _path(request: bytes) -> str:
    line = request.lstrip().split(b"\n", 1)[0].decode(errors="replace").strip()
    found = re.fullmatch(r"(\w+) (\S+) HTTP/1\.1", line)
    if found is None or found[1] != "DELETE":
        raise BlobError(Code.INVALID_INPUT, f"Not emulated in a batch: {line!r}.")
    return unquote(urlsplit(found[2]).path)


def document(results: Sequence[BlobError | None]) -> tuple[str, str]:
    """The answer's body and content type: one HTTP answer for each request, in order; None is success."""
    boundary = f"batchresponse_{uuid.uuid4()}"
    parts = [
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n{_answer(result)}\r\n"
        for number, result in enumerate(results)
    ]
    return "".join(parts) + f"--{boundary}--\r\n", f"multipart/mixed; boundary={boundary}"


def _answer(result: BlobError | None) -> str:
    if result is None:
        return "HTTP/1.1 202 Accepted\r\nx-ms-delete-type-permanent: true\r\n"
    return f"HTTP/1.1 {result.status} {result.message}\r\nx-ms-error-code: {result.code}\r\nContent-Length: 0\r\n"
