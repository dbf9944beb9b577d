"""The service as an ASGI app: forecasts, scores, health, version and metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scoring.metrics import Metrics
from scoring.predictor import Predictor
from scoring.problems import ProblemError
from scoring.requests import rows_of, text

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
type Answer = Callable[[Request], Awaitable[Response]]


def create_app(predictor: Predictor) -> Starlette:
    """Build the app; forecasts are loaded and logs written while it lives."""
    api = Api(predictor)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        predictor.start()
        yield
        predictor.stop()

    return Starlette(routes=api.routes(), lifespan=lifespan, exception_handlers={HTTPException: _refused, Exception: _failed})


class Api:
    """The operations of the service."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self._metrics = Metrics(predictor.board, predictor.log)

    def routes(self) -> list[Route]:
        """All paths; those that say how the process is are not counted."""
        return [
            Route("/live", self._live),
            Route("/ready", self._counted("ready", self._ready)),
            Route("/version", self._version),
            Route("/metrics", self._figures),
            Route("/forecast/{store}/{item}", self._counted("forecast", self._forecast)),
            Route("/score", self._counted("score", self._score), methods=["POST"]),
        ]

    async def _live(self, _: Request) -> Response:
        return _json({"live": True})

    async def _ready(self, _: Request) -> Response:
        page = self._predictor.page()
        return _json({"ready": True, "series": len(page.rows), "trouble": self._predictor.board.trouble})

    async def _version(self, _: Request) -> Response:
        return _json(self._predictor.version())

    async def _figures(self, _: Request) -> Response:
        content, media = self._metrics.text()
        return Response(content, headers={**HEADERS, "Content-Type": media})

    async def _forecast(self, request: Request) -> Response:
        names = request.path_params
        return _json(self._predictor.forecast(text("store", names["store"]), text("item", names["item"])))

    async def _score(self, request: Request) -> Response:
        return _json(self._predictor.score(await rows_of(request)))

    def _counted(self, name: str, answer: Answer) -> Answer:
        """The operation with its answers counted and timed, and its refusals in the form of problems."""

        async def call(request: Request) -> Response:
            began = time.perf_counter()
            try:
                response = await answer(request)
            except ProblemError as problem:
                response = problem.response()
            self._metrics.observe(name, response.status_code, time.perf_counter() - began)
            return response

        return call


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), headers=HEADERS, media_type="application/json")


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - the handler table names this class alone
    return ProblemError(error.status_code, error.detail, error.detail).response()


async def _failed(_: Request, _error: Exception) -> Response:
    return ProblemError(500, "Internal error", "The service could not answer; its log says why.").response()
