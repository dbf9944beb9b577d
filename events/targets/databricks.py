"""Databricks as a target: starts the preparation job by REST, once per idempotency token."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential

from contracts.events import DataVersion
from events.errors import RetryableError
from events.targets.rest import Rest, plain_address

PREPARE_JOB = "prepare-dataset"
"""Name of the job that turns a bronze commit into a silver version."""

SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""Token scope of Azure Databricks, the same in every tenant (learn.microsoft.com, databricks/dev-tools/auth)."""


class Databricks:
    """One workspace, reached as this process's identity; safe to share between threads.

    Source: Databricks REST API, Jobs 2.2, `list` and `run-now` (docs.databricks.com/api/azure/workspace/jobs).
    """

    def __init__(self, host: str, credential: TokenCredential) -> None:
        self._host = plain_address("DATABRICKS_HOST", host, "https://adb-1234567890123456.7.azuredatabricks.net")
        self._rest = Rest("Databricks", credential)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

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
        return self._rest.call(method, f"{self._host}{path}", scope=SCOPE, **request).body
