"""What REST targets share: a token on each call, and answers read as results, faults for good, or faults that may pass."""

from __future__ import annotations

import email.utils
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError

from events.errors import PoisonError, RetryableError, SettingError

_AGENT = "mlops-forecasting-events"
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
_OK = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
# These may pass by themselves, also where their class says that the request is at fault.
_TRANSIENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A status that the caller asked for, and the object that came with it; empty for a status that is no success."""

    status: int
    body: dict[str, Any]


class Rest:
    """Calls to one service as this process's identity; safe to share between threads."""

    def __init__(self, service: str, credential: TokenCredential) -> None:
        self._service = service
        self._credential = credential
        self._client = httpx.Client(timeout=_TIMEOUT, headers={"User-Agent": _AGENT})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, method: str, url: str, *, scope: str, expected: frozenset[int] = frozenset(), **request: Any) -> Answer:
        """Make a call with a token for `scope`; `expected` statuses are answers too, not faults.

        Raises:
            RetryableError: when the service does not answer, answers with no object, or may answer better later.
            PoisonError: when the service refuses the request for good.
        """
        login = {"Authorization": f"Bearer {self._token(scope)}"}
        answer = self._send(method, url, expected, headers=login, **request)
        body = _json(answer) if answer.status_code in _OK else {}
        if not isinstance(body, dict):
            msg = f"{answer.url.path} did not answer with an object"
            raise RetryableError(msg)
        return Answer(status=answer.status_code, body=body)

    def read(self, url: str) -> Any:
        """Read JSON that is open to everybody.

        Raises:
            RetryableError, PoisonError: as `call` does.
        """
        return _json(self._send("GET", url, frozenset()))

    def _send(self, method: str, url: str, expected: frozenset[int], **request: Any) -> httpx.Response:
        said = f"{method} {urlsplit(url).path}"
        try:
            answer = self._client.request(method, url, **request)
        except httpx.HTTPError as error:
            msg = f"{said}: {type(error).__name__}: {error}"
            raise RetryableError(msg) from error
        if answer.status_code not in _OK | expected:
            raise _fault(answer, said)
        return answer

    def _token(self, scope: str) -> str:
        try:
            return self._credential.get_token(scope).token
        except AzureError as error:
            msg = f"no token for {self._service}: {error}"
            raise RetryableError(msg) from error


def plain_address(name: str, given: str, example: str) -> str:
    """An `https://HOST` setting without anything behind the host, and without a final slash.

    Raises:
        SettingError: when it is anything else.
    """
    parts = urlsplit(given)
    plain = parts.scheme == "https" and parts.hostname and not parts.username and parts.path in ("", "/")
    if plain and not (parts.query or parts.fragment):
        return given.rstrip("/")
    happened = f"The environment variable {name} can't be used."
    remedy = f"Set {name} from the outputs of the platform stack."
    raise SettingError(happened, given=given or "nothing", allowed=f"https://HOST, as in {example}", remedy=remedy)


def refused_for_good(status: int) -> bool:
    """Whether a status says that the request itself is at fault, and will be however often it is made."""
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRANSIENT


def _fault(answer: httpx.Response, call: str) -> PoisonError | RetryableError:
    said = f"{call} answered {answer.status_code}: {answer.text[:300]}"
    if refused_for_good(answer.status_code):
        return PoisonError(said)
    return RetryableError(said, after=seconds(answer.headers.get("Retry-After", "")))


def seconds(text: str) -> float:
    """Seconds of a `Retry-After` header, which is a count or a date (RFC 9110, 10.2.3)."""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        msg = f"{answer.url.path} did not answer with JSON"
        raise RetryableError(msg) from error
