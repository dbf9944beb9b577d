"""The shape that all routes share: one call in, one answer out, on a thread that may wait for the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.devops.errors import invalid_body, no_build, no_version, not_emulated
from local.services.devops.models import Run, Runs

PROJECT = "/{organization}/{project}/_apis"
VERSION = "api-version"
EMULATED = ("7.1", "7.1-preview")

type Endpoint = Callable[[Call], Response | dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request: the project's address, what the path and the query name, the body, and the name of the principal."""

    root: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    accept: str
    body: bytes
    principal: str

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            DevOpsError: 400.
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            msg = f"Value cannot be parsed: {error}"
            raise invalid_body(msg) from error
        if not isinstance(value, dict):
            msg = "Value is no JSON object."
            raise invalid_body(msg)
        return value

    def run(self, runs: Runs, name: str) -> Run:
        """The run that the path names.

        Raises:
            DevOpsError: 404.
        """
        given = self.path[name]
        try:
            return runs.get(int(given))
        except (KeyError, ValueError, OverflowError) as error:
            raise no_build(given) from error

    def number(self, name: str, default: int) -> int:
        """A whole number of the query.

        Raises:
            DevOpsError: 400.
        """
        given = self.query.get(name, str(default))
        if not (given.isascii() and given.isdecimal()):
            msg = f"The value of {name} is no whole number: {given}"
            raise invalid_body(msg)
        return int(given)

    def names(self, name: str) -> list[str]:
        """The parts of a list that the query gives with commas."""
        return [part for part in self.query.get(name, "").split(",") if part]


def route(path: str, method: str, endpoint: Endpoint, *, query: frozenset[str] = frozenset()) -> Route:
    """Serve a path below a project; a query with other names than these is refused."""

    async def serve(request: Request) -> Response:
        _check(request, query | {VERSION})
        organization, project = (request.path_params[name] for name in ("organization", "project"))
        call = Call(
            root=f"{request.url.scheme}://{request.url.netloc}/{organization}/{project}",
            path=request.path_params,
            query=dict(request.query_params),
            accept=request.headers.get("accept", ""),
            body=await request.body(),
            principal=request.state.principal.name,
        )
        answer = await run_in_threadpool(endpoint, call)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    return Route(f"{PROJECT}/{path}", serve, methods=[method])


def _check(request: Request, known: frozenset[str]) -> None:
    version = request.query_params.get(VERSION)
    if version is None and request.method != "GET":
        raise no_version(request.method)
    if version is not None and version.rpartition(".")[0] != EMULATED[1] and version not in EMULATED:
        what = f"version {version} of the API"
        raise not_emulated(what)
    if unknown := sorted(set(request.query_params) - known):
        what = f"the query {', '.join(unknown)} of '{request.method} {request.url.path}'"
        raise not_emulated(what)
