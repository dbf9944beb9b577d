"""Azure DevOps as a target: starts the release pipeline by REST, once per token."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential

from contracts.names import RELEASE_PIPELINE
from events.errors import RetryableError
from events.targets.rest import Rest

SCOPE = "499b84ac-1321-427f-aa17-267ca6975798/.default"
"""Token scope of Azure DevOps, the same in every tenant (learn.microsoft.com, azure/devops/integrate)."""

API_VERSION = "7.1"
NEWEST = 500
"""Runs among which that of a token is looked for: a repeat comes hours after the first try at most."""


class AzureDevOps:
    """One project, reached as this process's identity; safe to share between threads.

    Source: Azure DevOps REST API 7.1, `build/definitions`, `build/builds` and `pipelines/runs`
    (learn.microsoft.com/rest/api/azure/devops).
    """

    def __init__(self, url: str, credential: TokenCredential) -> None:
        self._url = url.rstrip("/")
        self._rest = Rest("Azure DevOps", credential)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def release(self, digest: str, token: str, causation: str) -> str:
        """Start the release of an image and return the id of its run; the same token answers with the same run's id.

        The service takes no key, so the run carries the token among its parameters, which a repeat looks for first. Should
        the service hold a run back from its list, a repeat starts a second one. That does no harm: the agent takes runs in
        turn, and the release of a digest that is live changes nothing.

        Raises:
            RetryableError: when the pipeline is missing, or the service does not answer or asks to wait.
            PoisonError: when the service refuses a request for good.
        """
        pipeline = self._pipeline()
        run_id = self._started(pipeline, token)
        if run_id is None:
            run_id = self._start(pipeline, {"digest": digest, "causation": causation, "token": token})
        return str(run_id)

    def _pipeline(self) -> int:
        listed = self._call("GET", "build/definitions", {"name": RELEASE_PIPELINE}).get("value") or []
        # The service's filter compares without case, in all folders.
        found = [item["id"] for item in listed if item.get("name") == RELEASE_PIPELINE]
        if len(found) != 1:
            told = f"the project {self._url} has {len(found) or 'no'} pipelines named {RELEASE_PIPELINE}"
            msg = f"{told}; create it from azure-pipelines.yml so that it has one"
            raise RetryableError(msg)
        return int(found[0])

    def _started(self, pipeline: int, token: str) -> int | None:
        """The first of the newest runs that was given the token."""
        asked = {"definitions": str(pipeline), "queryOrder": "queueTimeDescending", "$top": str(NEWEST)}
        builds = self._call("GET", "build/builds", asked).get("value") or []
        own = [int(build["id"]) for build in builds if (build.get("templateParameters") or {}).get("token") == token]
        return min(own, default=None)

    def _start(self, pipeline: int, parameters: dict[str, str]) -> int:
        run_id = self._call("POST", f"pipelines/{pipeline}/runs", json={"templateParameters": parameters}).get("id")
        if not isinstance(run_id, int):
            msg = f"pipeline {pipeline} answered without the id of a run"
            raise RetryableError(msg)
        return run_id

    def _call(self, method: str, path: str, query: dict[str, str] | None = None, **request: Any) -> dict[str, Any]:
        asked = {**(query or {}), "api-version": API_VERSION}
        return self._rest.call(method, f"{self._url}/_apis/{path}", scope=SCOPE, params=asked, **request).body
