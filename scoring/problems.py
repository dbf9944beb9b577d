"""Errors as `application/problem+json` (RFC 9457); no answer holds a trace or a path of the machine."""

from __future__ import annotations

import orjson
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that can't be answered: HTTP status, short title, what is wrong with it."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail

    def response(self) -> Response:
        """The error as an answer."""
        told = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return Response(orjson.dumps(told), self.status, media_type=MEDIA_TYPE)


def unknown_series(store: str, item: str) -> ProblemError:
    """No forecasts of this series."""
    return ProblemError(404, "Unknown series", f"There are no forecasts of store {store!r}, item {item!r}.")


def unknown_period(ds: str, first: str, last: str) -> ProblemError:
    """A period outside the horizon."""
    return ProblemError(422, "Unknown period", f"{ds!r} is none of the periods from {first} to {last}.")


def not_ready(reason: str) -> ProblemError:
    """Nothing to answer with yet."""
    return ProblemError(503, "Not ready", reason)


def too_large(limit: int) -> ProblemError:
    """A body beyond the limit."""
    return ProblemError(413, "Body too large", f"A body may have {limit} bytes.")


def malformed(detail: str) -> ProblemError:
    """A body that is not what the operation takes."""
    return ProblemError(422, "Malformed body", detail)
