"""Databricks as a target: starts the preparation job by REST, once per idempotency token."""

from __future__ import annotations

import email.utils
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError

from contracts.events import DataVersion
from events.errors import PoisonError, RetryableError, SettingError

PREPARE_JOB = "prepare-dataset"
"""Name of the job that turns a bronze commit into a silver version."""

SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""Token scope of Azure Databricks, the same in every tenant (learn.microsoft.com, databricks/dev-tools/auth)."""

_AGENT = "mlops-forecasting-events"
_TIMEOUT = httpx.Timeout(20.0, connect=10.0)
# These may pass by themselves, also where their class says that the request is at fault.
_TRANSIENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Databricks:
    """One workspace, reached as this process's identity; safe to share between threads.

    Source: Databricks REST API, Jobs 2.2, `list` and `run-now` (docs.databricks.com/api/azure/workspace/jobs).
    """

    def __init__(self, host: str, credential: TokenCredential) -> None:
        self._credential = credential
        self._client = httpx.Client(base_url=_checked(host), timeout=_TIMEOUT, headers={"User-Agent": _AGENT})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def prepare(self, version: DataVersion, token: str, cause: dict[str, str]) -> str:
        """Start the preparation of a data version; the same token always answers with the same run's id.

        Raises:
            RetryableError: when the job is missing, or the service does not answer or asks to wait.
            PoisonError: when the service refuses the request for good.
        """
        parameters = {"table": version.table, "version": str(version.version), **cause}
        body = {"job_id": self._job(PREPARE_JOB), "idempotency_token": token, "job_parameters": parameters}
        answer = self._call("POST", "/api/2.2/jobs/run-now", json=body)
        run_id = answer.get("run_id")
        if not isinstance(run_id, int):
            msg = f"run-now answered without a run id: {sorted(answer)}"
            raise RetryableError(msg)
        return str(run_id)

    def _job(self, name: str) -> int:
        listed = self._call("GET", "/api/2.2/jobs/list", params={"name": name}).get("jobs") or []
        # The service's filter compares without case.
        found = [job["job_id"] for job in listed if job.get("settings", {}).get("name") == name]
        if len(found) != 1:
            msg = f"the workspace has {len(found) or 'no'} jobs named {name}; publish the jobs so that it has one"
            raise RetryableError(msg)
        return int(found[0])

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, headers={"Authorization": f"Bearer {self._token()}"}, **request)
        except httpx.HTTPError as error:
            msg = f"{method} {path}: {type(error).__name__}: {error}"
            raise RetryableError(msg) from error
        if answer.status_code != HTTPStatus.OK:
            raise _fault(answer, f"{method} {path}")
        return _object(answer)

    def _token(self) -> str:
        try:
            return self._credential.get_token(SCOPE).token
        except AzureError as error:
            msg = f"no token for Databricks: {error}"
            raise RetryableError(msg) from error


def _fault(answer: httpx.Response, call: str) -> PoisonError | RetryableError:
    said = f"{call} answered {answer.status_code}: {answer.text[:300]}"
    status = answer.status_code
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _TRANSIENT:
        return PoisonError(said)
    return RetryableError(said, after=_seconds(answer.headers.get("Retry-After", "")))


def _seconds(text: str) -> float:
    """Seconds of a `Retry-After` header, which is a count or a date (RFC 9110, 10.2.3)."""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError as error:
        msg = f"{answer.url.path} did not answer with JSON"
        raise RetryableError(msg) from error
    if not isinstance(body, dict):
        msg = f"{answer.url.path} did not answer with an object"
        raise RetryableError(msg)
    return body


def _checked(host: str) -> str:
    parts = urlsplit(host)
    plain = parts.scheme == "https" and parts.hostname and not parts.username and parts.path in ("", "/")
    if plain and not (parts.query or parts.fragment):
        return host.rstrip("/")
    happened = "The environment variable DATABRICKS_HOST can't be used."
    allowed = "https://HOST, as in https://adb-1234567890123456.7.azuredatabricks.net"
    remedy = "Set DATABRICKS_HOST from the outputs of the platform stack."
    raise SettingError(happened, given=host or "nothing", allowed=allowed, remedy=remedy)
