"""What a caller may ask, and how much: bodies are read up to their limit and checked field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from scoring.problems import malformed, too_large

MOST_BYTES = 256 * 1024
MOST_ROWS = 1_000
MOST_LETTERS = 200


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One row: a series, and one of its periods or all of them."""

    store: str
    item: str
    ds: str | None


async def rows_of(request: Request) -> list[Asked]:
    """The rows of a body `{"rows": [{"store", "item", "ds"?}, ...]}`.

    Raises:
        ProblemError: 413 when the body is too large, 422 when it is not of this form.
    """
    return rows_in(await _read(request))


def rows_in(body: bytes) -> list[Asked]:
    """The rows of a body that was read.

    Raises:
        ProblemError: 422 when it is not of this form.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed("The body is no JSON.") from error
    rows = told.get("rows") if isinstance(told, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS or set(told) != {"rows"}:
        raise malformed(f"The body is an object with `rows` alone: a list of 1 to {MOST_ROWS} rows.")
    return [_row(number, row) for number, row in enumerate(rows)]


async def _read(request: Request) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise too_large(MOST_BYTES)
        parts.append(chunk)
    return b"".join(parts)


def _row(number: int, row: Any) -> Asked:
    if not isinstance(row, dict) or not {"store", "item"} <= set(row) <= {"store", "item", "ds"}:
        raise malformed(f"Row {number} has `store` and `item`, and `ds` if one period is asked for.")
    ds = row.get("ds")
    return Asked(
        store=text(f"rows[{number}].store", row["store"]),
        item=text(f"rows[{number}].item", row["item"]),
        ds=None if ds is None else text(f"rows[{number}].ds", ds),
    )


def text(name: str, given: Any) -> str:
    """A name as text; whole numbers are taken as they are written.

    Raises:
        ProblemError: 422 when it is no name.
    """
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or not 1 <= len(given) <= MOST_LETTERS:
        raise malformed(f"{name} is a text of 1 to {MOST_LETTERS} characters, or a whole number.")
    return given
