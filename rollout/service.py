"""A running scoring service as its callers see it: an address, and the answers to requests."""

from __future__ import annotations

import http.client
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

TIMEOUT_SECONDS = 10.0
PROBLEM = "application/problem+json"


class AnswerError(Exception):
    """An answer that is not what it should be; the text says what was seen."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status, media type without parameters, and body of one answer."""

    status: int
    media_type: str
    text: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            AnswerError: when it is none.
        """
        try:
            body = httpx.Response(200, content=self.text).json()
        except ValueError as error:
            raise AnswerError(f"{self.status} without JSON: {self.text[:80]!r}") from error
        if not isinstance(body, dict):
            raise AnswerError(f"{self.status} with {type(body).__name__} instead of an object")
        return body

    def expect(self, status: int) -> Self:
        """The same answer, when it has this status.

        Raises:
            AnswerError: when it has another.
        """
        if self.status != status:
            raise AnswerError(f"status {self.status} instead of {status}: {self.text[:120].decode(errors='replace')}")
        return self


@dataclass(frozen=True, kw_only=True)
class Service:
    """A scoring service at an address such as `http://20.50.1.1:8080`."""

    url: str

    def get(self, path: str, seconds: float = TIMEOUT_SECONDS) -> Answer:
        """The answer to GET.

        Raises:
            AnswerError: when none comes.
        """
        return self._request("GET", path, None, seconds)

    def post(self, path: str, body: bytes) -> Answer:
        """The answer to POST of a JSON body.

        Raises:
            AnswerError: when none comes.
        """
        return self._request("POST", path, body, TIMEOUT_SECONDS)

    def announce(self, path: str, size: int) -> Answer:
        """The answer to a POST that announces a body of `size` bytes, of which it sends one.

        Raises:
            AnswerError: when none comes before the body does.
        """
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.putrequest("POST", path)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(size))
            connection.endheaders(b"{")
            response = connection.getresponse()
            return Answer(
                status=response.status, media_type=_media_type(response.getheader("Content-Type")), text=response.read()
            )
        except (OSError, http.client.HTTPException) as error:
            raise AnswerError(f"no answer to a body of {size} bytes: {type(error).__name__} {error}") from error
        finally:
            connection.close()

    def forecast(self, store: str, item: str) -> Answer:
        """The answer to GET of one series' forecast."""
        return self.get(f"/forecast/{quote(store, safe='')}/{quote(item, safe='')}")

    def _request(self, method: str, path: str, body: bytes | None, seconds: float) -> Answer:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        # A connection for each request: one that is kept would go on reaching the pods of before the switch.
        with httpx.Client(verify=_trusted(), trust_env=False, timeout=seconds) as client:
            try:
                found = client.request(method, f"{self.url}{path}", content=body, headers=headers)
            except httpx.HTTPError as error:
                raise AnswerError(f"no answer to {method} {path}: {type(error).__name__} {error}") from error
        return Answer(status=found.status_code, media_type=_media_type(found.headers.get("Content-Type")), text=found.content)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates of the machine, read once: reading them takes longer than an answer."""
    return ssl.create_default_context()


def _media_type(header: str | None) -> str:
    return (header or "").partition(";")[0].strip().lower()
