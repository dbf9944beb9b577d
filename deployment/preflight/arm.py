"""Reads of Resource Manager on one subscription, through the SDK's own pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient

from contracts.errors import FourPartError

ABSENT = 404


class AzureUnreadableError(FourPartError):
    """Azure does not answer, or refuses, so nothing can be said of a deployment."""


class Subscription:
    """One subscription; paths begin after its id and name their API version."""

    def __init__(self, credential: TokenCredential, manager: str, subscription_id: str | None) -> None:
        """Read at `manager`; without an id, the only subscription that the caller sees."""
        policies = [RetryPolicy(), BearerTokenCredentialPolicy(credential, f"{manager}/.default")]
        self._client: ARMPipelineClient[HttpRequest, HttpResponse] = ARMPipelineClient(manager, policies=policies)
        self._manager = manager
        self.id = subscription_id or self._only()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, version: str, **parameters: str) -> Any | None:
        """The document at a path; None when there is none.

        Raises:
            AzureUnreadableError: when Azure does not answer or refuses.
        """
        return self._send(HttpRequest("GET", self._url(path), params={"api-version": version, **parameters}))

    def post(self, path: str, version: str, body: Any) -> Any:
        """The answer to a question that is asked by POST.

        Raises:
            AzureUnreadableError: when Azure does not answer or refuses.
        """
        return self._send(HttpRequest("POST", self._url(path), params={"api-version": version}, json=body))

    def listed(self, path: str, version: str, **parameters: str) -> Iterator[Any]:
        """All items of a collection, page by page; none when there is no such collection.

        Raises:
            AzureUnreadableError: when Azure does not answer or refuses.
        """
        page = self.get(path, version, **parameters)
        while page:
            yield from page["value"]
            following = page.get("nextLink")
            page = self._send(HttpRequest("GET", following)) if following else None

    def _url(self, path: str) -> str:
        return f"{self._manager}/subscriptions/{self.id}{path}"

    def _only(self) -> str:
        request = HttpRequest("GET", f"{self._manager}/subscriptions", params={"api-version": "2022-12-01"})
        found = self._send(request)["value"]
        enabled = [str(item["subscriptionId"]) for item in found if item["state"] == "Enabled"]
        if len(enabled) == 1:
            return enabled[0]
        raise AzureUnreadableError(
            "It can't be told which subscription is meant.",
            given=", ".join(enabled) or "none that this login sees",
            allowed="one subscription, or its id in ARM_SUBSCRIPTION_ID",
            remedy="Run `az login`, then `export ARM_SUBSCRIPTION_ID=...`.",
        )

    def _send(self, request: HttpRequest) -> Any:
        try:
            answer = self._client.send_request(request)
            if answer.status_code == ABSENT:
                return None
            answer.raise_for_status()
            return answer.json()
        except (AzureError, ValueError) as error:
            raise AzureUnreadableError(
                "Azure does not answer a question, or refuses it.",
                given=f"{request.method} {request.url}: {error}".splitlines()[0],
                allowed="a login that may read the subscription (role Reader)",
                remedy="Run `az login` with an identity that may read the subscription, then this command again.",
            ) from error
