"""The part that all HTTP services share: token check, throttling, access log, errors in the service's own form."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.authorize import authorized, operation
from local.services.cloud import Cloud
from local.services.throttle import Throttle
from local.tokens import Principal, TokenRefusedError


class ServiceError(Exception):
    """An error that a client sees; services subclass it with Azure's code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{status} {code}: {message}")


class ForbiddenError(ServiceError):
    """No role assignment gives the principal what it asks for; the text is Resource Manager's, other services have their own."""

    def __init__(self, principal: Principal, action: str, scope: str) -> None:
        text = (
            f"The client '{principal.client_id}' with object id '{principal.object_id}' does not have authorization to perform "
            f"action '{operation(action)}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
            "your credentials."
        )
        super().__init__(403, "AuthorizationFailed", text)


type ErrorForm = Callable[[ServiceError], Response]
"""How a service writes an error: XML for storage, `error_code` for Databricks, `error` for ARM."""

OPEN_PATHS = frozenset({"/health"})
UNLIMITED = OPEN_PATHS | {"/metadata/endpoints", "/discovery"}
"""Never throttled: limits of Resource Manager are of subscriptions and tenants; these documents are open to all."""

PATIENT = ("acr-tasks", "containerd", "csi-secrets-store", "AzureEventGrid")
"""Agents of Azure's own, which wait by themselves when they are throttled; these here do not, so they never are."""

SIGNATURE = re.compile(r"\bsig=[^&]*")
"""Part of a query that gives access by itself; logs hold none of it, as on Azure."""


def application(
    cloud: Cloud,
    service: str,
    routes: list[BaseRoute],
    *,
    error_form: ErrorForm,
    open_paths: frozenset[str] = OPEN_PATHS,
    open_prefixes: tuple[str, ...] = (),
    **options: Any,
) -> Starlette:
    """A service's ASGI app: its routes and `/health` behind the token check and the access log.

    Paths below `open_prefixes` pass without a token: their routes check a signed query instead.
    """

    async def health(_: Request) -> Response:
        return JSONResponse({"service": service, "pid": os.getpid()})

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)  # noqa: S101 - the handler table below names this class alone
        return error_form(error)

    app = Starlette(routes=[Route("/health", health), *routes], exception_handlers={ServiceError: refuse}, **options)
    opened = Opened(paths=open_paths | OPEN_PATHS, prefixes=open_prefixes)
    app.add_middleware(Gate, cloud=cloud, service=service, error_form=error_form, opened=opened)
    return app


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What needs no token: whole paths, and all below some prefixes."""

    paths: frozenset[str]
    prefixes: tuple[str, ...]

    def __contains__(self, path: str) -> bool:
        return path in self.paths or path.startswith(self.prefixes)


class Gate:
    """Names the principal of each request, refuses those without one or while throttled, and writes one access-log line.

    The line is written before the last part of the answer leaves: who has the whole answer finds its line.
    """

    def __init__(self, app: ASGIApp, *, cloud: Cloud, service: str, error_form: ErrorForm, opened: Opened) -> None:
        self._app = app
        self._cloud = cloud
        self._service = service
        self._error_form = error_form
        self._open = opened
        self._throttle = Throttle(cloud.store)
        cloud.logs.mkdir(parents=True, exist_ok=True)
        self._log = os.open(cloud.logs / "access.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other ASGI traffic passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, recorded = time.monotonic(), 0, False
        headers = {key.decode().lower(): value.decode() for key, value in scope["headers"]}
        principal = None

        async def seen(message: Message) -> None:
            nonlocal status, recorded
            if message["type"] == "http.response.start":
                status = message["status"]
            elif not message.get("more_body") and not recorded:
                recorded = True
                self._record(scope, headers, principal, status, began)
            await send(message)

        try:
            principal = self._principal(scope, headers)
        except TokenRefusedError as error:
            await self._error_form(ServiceError(401, "AuthenticationFailed", f"The token was refused: {error}."))(
                scope, receive, seen
            )
        else:
            await (self._busy(scope, headers.get("user-agent", "")) or self._app)(scope, receive, seen)
        finally:
            if not recorded:
                self._record(scope, headers, principal, status, began)

    def _busy(self, scope: Scope, agent: str) -> Response | None:
        """The refusal of a request that is throttled; behind a signed query stands storage."""
        if scope["path"] in UNLIMITED or agent.startswith(PATIENT):
            return None
        service = "blob" if scope["path"].startswith(self._open.prefixes) else self._service
        found = self._throttle.busy(service, scope["method"], scope["path"])
        if found is None:
            return None
        answer = self._error_form(ServiceError(found.status, found.code, found.message))
        if found.retry_after:
            answer.headers["Retry-After"] = found.retry_after
        return answer

    def _principal(self, scope: Scope, headers: dict[str, str]) -> Principal | None:
        if scope["path"] in self._open:
            return None
        principal = self._cloud.tokens.principal(headers.get("authorization"))
        scope.setdefault("state", {}).update(principal=principal, resources=self._cloud.resources)
        return principal

    def _record(self, scope: Scope, headers: dict[str, str], principal: Principal | None, status: int, began: float) -> None:
        if scope["path"] == "/health":
            return
        action, target, allowed = scope.get("state", {}).get("asked", ("", "", None))
        line = {
            "time": round(time.time(), 3),
            "service": self._service,
            "method": scope["method"],
            "path": scope["path"],
            "query": SIGNATURE.sub("sig=REDACTED", scope["query_string"].decode()),
            "status": status,
            "principal": principal.name if principal else "",
            "object_id": principal.object_id if principal else "",
            "user_agent": headers.get("user-agent", ""),
            "milliseconds": round((time.monotonic() - began) * 1000, 1),
            "action": action,
            "scope": target,
            "authorized": allowed,
        }
        os.write(self._log, json.dumps(line).encode() + b"\n")


def verb_of(method: str) -> str:
    """The last part of an operation's name, by HTTP method."""
    return {"GET": "read", "HEAD": "read", "DELETE": "delete"}.get(method, "write")


def ask(request: Request, action: str, scope: str) -> None:
    """State what this request does to which ARM scope; the access log notes whether its principal may.

    Raises:
        ForbiddenError: it may not.
    """
    principal: Principal = request.state.principal
    allowed = authorized(request.state.resources, principal, action, scope)
    request.state.asked = (action, scope, allowed)
    if not allowed:
        raise ForbiddenError(principal, action, scope)
