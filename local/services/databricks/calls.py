"""The shape that all routes of the workspace share: one call in, one answer out, on a thread that may wait for the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.databricks.errors import DatabricksError, invalid, no_workspace
from local.services.databricks.executor import WORKSPACE

type Endpoint = Callable[[Call], Response | dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: its query, body, the path below the route, and the name of the principal."""

    query: Mapping[str, str]
    body: bytes
    path: str
    principal: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            DatabricksError: 400 MALFORMED_REQUEST.
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise DatabricksError(400, "MALFORMED_REQUEST", f"Could not parse request object: {error}") from error
        if not isinstance(value, dict):
            raise DatabricksError(400, "MALFORMED_REQUEST", "Could not parse request object: it is no JSON object")
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number from the query or the body.

        Raises:
            DatabricksError: 400 INVALID_PARAMETER_VALUE when it is missing or no number.
        """
        value = self.query.get(name) or self.json.get(name)
        if value is None and default is not None:
            return default
        try:
            return int(value or "")
        except ValueError as error:
            msg = f"Missing or invalid value of field {name}: {value}"
            raise invalid(msg) from error

    def flag(self, name: str) -> bool:
        """A switch of the query."""
        return self.query.get(name, "").lower() == "true"

    def page(self, most: int) -> tuple[int, int]:
        """The limit and offset of a list; `page_token` is the offset of the page.

        Raises:
            DatabricksError: 400 when the limit is out of 1 to `most`.
        """
        limit = self.number("limit", 20)
        if not 1 <= limit <= most:
            msg = f"limit must be between 1 and {most}: {limit}"
            raise invalid(msg)
        return limit, self.number("page_token", self.number("offset", 0))


def listed(name: str, items: list[dict[str, Any]], *, more: bool, limit: int, offset: int) -> dict[str, Any]:
    """A page of a list, with the token of the next one."""
    following = {"next_page_token": str(offset + limit)} if more else {}
    return {name: items, "has_more": more, **following}


def route(cloud: Cloud, path: str, method: str, endpoint: Endpoint) -> Route:
    """Serve a path by an endpoint, for as long as the stack has a workspace."""

    async def serve(request: Request) -> Response:
        call = Call(
            query=dict(request.query_params),
            body=await request.body(),
            path=request.path_params.get("path", ""),
            principal=request.state.principal.name,
        )
        return await run_in_threadpool(answer, call)

    def answer(call: Call) -> Response:
        if not cloud.resources.of_type(WORKSPACE):
            raise no_workspace()
        result = endpoint(call)
        return result if isinstance(result, Response) else JSONResponse(result)

    return Route(path, serve, methods=[method])
