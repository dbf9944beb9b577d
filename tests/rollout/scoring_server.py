"""A scoring service that answers rightly, or wrongly in one way: what acceptance has to tell apart."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

import numpy as np

from contracts.images import Built
from ml_pipelines.forecast_files import Forecasts

LIMIT = 1024 * 1024
PROBLEM, JSON = "application/problem+json", "application/json"
type Reply = tuple[int, str, bytes]


def forecasts(series: int = 12, periods: int = 7) -> Forecasts:
    """Forecasts of `series` series that all differ."""
    point = np.arange(1, series * periods + 1, dtype=np.float32).reshape(series, periods) / np.float32(3)
    return Forecasts(
        unique_ids=np.array([f"store-{number}_item_{number}" for number in range(series)]),
        ds=(np.datetime64("2026-01-01") + np.arange(periods)).astype("datetime64[ns]"),
        point=point,
        lower=point * np.float32(0.5),
        upper=point * np.float32(1.5),
    )


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the service says of itself, its numbers, and how a fault changes a reply."""

    digest: str
    built: Built
    release: str
    forecasts: Forecasts = field(default_factory=forecasts)
    spoil: Callable[[str, Reply], Reply] = lambda _path, reply: reply

    def reply(self, method: str, path: str, length: int, read: Callable[[], bytes]) -> Reply:
        """The answer to a request; `read` gives its body."""
        if method == "POST":
            return self._score(length, read)
        kind = path.strip("/").split("/")
        if kind[0] == "forecast":
            return self._forecast("_".join(kind[1:]))
        found: dict[str, Callable[[], Reply]] = {
            "live": lambda: (200, JSON, b"{}"),
            "ready": lambda: (200, JSON, b"{}"),
            "metrics": lambda: (200, "text/plain; version=0.0.4", b"# TYPE requests counter\nrequests 1\n"),
            "version": lambda: (200, JSON, json.dumps({**self._identity(), "release": self.release}).encode()),
        }
        return found[kind[0]]() if kind[0] in found else _problem(404)

    def _score(self, length: int, read: Callable[[], bytes]) -> Reply:
        if length > LIMIT:
            return _problem(413)
        try:
            body = json.loads(read())
        except ValueError:
            return _problem(400)
        return (200, JSON, b"{}") if isinstance(body, dict) and isinstance(body.get("rows"), list) else _problem(422)

    def _forecast(self, name: str) -> Reply:
        known = list(self.forecasts.unique_ids)
        if name not in known:
            return _problem(404)
        row, told = known.index(name), self.forecasts
        periods = [
            {"ds": str(ds.astype("datetime64[s]")), "lower": float(low), "point": float(point), "upper": float(high)}
            for ds, low, point, high in zip(told.ds, told.lower[row], told.point[row], told.upper[row], strict=True)
        ]
        return 200, JSON, json.dumps({**self._identity(), "unique_id": name, "forecast": periods}).encode()

    def _identity(self) -> dict[str, str]:
        return {
            "digest": self.digest,
            "model": self.built.model,
            "model_version": self.built.model_version,
            "data_version": self.built.data_version,
        }

    def spoilt(self, path: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answers:
        """The same service, the JSON of one path changed."""

        def spoil(asked: str, reply: Reply) -> Reply:
            status, media_type, body = reply
            if not asked.startswith(path) or status != 200:
                return reply
            return status, media_type, json.dumps(change(json.loads(body))).encode()

        return replace(self, spoil=spoil)

    def replying(self, path: str, **changes: Any) -> Answers:
        """The same service, another status, media type or body at one path, or a pause before its answer."""

        def spoil(asked: str, reply: Reply) -> Reply:
            if not asked.startswith(path):
                return reply
            time.sleep(changes.get("pause", 0.0))
            status, media_type, body = reply
            return changes.get("status", status), changes.get("media_type", media_type), changes.get("body", body)

        return replace(self, spoil=spoil)


def _problem(status: int) -> Reply:
    return status, PROBLEM, json.dumps({"status": status, "title": "refused"}).encode()


@contextmanager
def serving(answer: Callable[[], Answers], certificate: Path | None = None) -> Iterator[str]:
    """Serve what `answer` gives at the time of each request, over HTTPS with a `certificate` (PEM, with its key); the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            answers, length = answer(), int(self.headers.get("Content-Length") or 0)
            reply = answers.reply(method, self.path, length, lambda: self.rfile.read(length))
            status, media_type, body = answers.spoil(self.path, reply)
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is the answering thread's, so that a caller that refuses it stops nobody else.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
