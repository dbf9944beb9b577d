"""A running scoring service as its callers see it: an address, and the answers to requests."""

from __future__ import annotations

import http.client
import socket
import ssl
from contextlib import closing
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
class Proof:
    """How a caller knows that it has reached production: the name, and the certificate (PEM) where nobody else vouches for it."""

    hostname: str
    certificate: str

    def context(self) -> ssl.SSLContext:
        """For clients: the machine's own authorities, or the one certificate."""
        context = ssl.create_default_context(cadata=self.certificate or None)
        if self.certificate:
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it is no authority
        return context


@dataclass(frozen=True, kw_only=True)
class Service:
    """A scoring service at an address such as `https://20.50.1.1:8443`, which is to prove its name; without `proof` it speaks HTTP."""

    url: str
    proof: Proof | None = None

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
        try:
            with closing(self._connection()) as connection:
                connection.putrequest("POST", path)
                connection.putheader("Content-Type", "application/json")
                connection.putheader("Content-Length", str(size))
                connection.endheaders(b"{")
                response = connection.getresponse()
                media_type = _media_type(response.getheader("Content-Type"))
                return Answer(status=response.status, media_type=media_type, text=response.read())
        except (OSError, http.client.HTTPException) as error:
            raise AnswerError(f"no answer to a body of {size} bytes: {type(error).__name__} {error}") from error

    def forecast(self, store: str, item: str) -> Answer:
        """The answer to GET of one series' forecast."""
        return self.get(f"/forecast/{quote(store, safe='')}/{quote(item, safe='')}")

    def _request(self, method: str, path: str, body: bytes | None, seconds: float) -> Answer:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        named = {"sni_hostname": self.proof.hostname} if self.proof else {}
        # A connection for each request: one that is kept would go on reaching the pods of before the switch.
        with httpx.Client(verify=_trusted(self.proof), trust_env=False, timeout=seconds) as client:
            try:
                found = client.request(method, f"{self.url}{path}", content=body, headers=headers, extensions=named)
            except httpx.HTTPError as error:
                raise AnswerError(f"no answer to {method} {path}: {type(error).__name__} {error}") from error
        return Answer(status=found.status_code, media_type=_media_type(found.headers.get("Content-Type")), text=found.content)

    def _connection(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=TIMEOUT_SECONDS)
        if self.proof:
            plain = socket.create_connection((connection.host, connection.port), TIMEOUT_SECONDS)
            connection.sock = _trusted(self.proof).wrap_socket(plain, server_hostname=self.proof.hostname)
        return connection


@cache
def _trusted(proof: Proof | None) -> ssl.SSLContext:
    """Whom to trust, read once: reading the machine's certificates takes longer than an answer."""
    return proof.context() if proof else ssl.create_default_context()


def _media_type(header: str | None) -> str:
    return (header or "").partition(";")[0].strip().lower()
