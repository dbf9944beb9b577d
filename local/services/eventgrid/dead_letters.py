"""Dead letters: events that could not be delivered, as blobs in the subscription's container."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from local.certificates import trusted
from local.services.cloud import Cloud
from local.services.eventgrid.models import utc
from local.services.eventgrid.subscriptions import Subscription, UndeliverableError

AUDIENCE = "https://storage.azure.com/"
CREATED, ALREADY = 201, 409


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One event given up: its body, how often it was tried, when and why not (seconds since the epoch)."""

    delivery: int
    body: Mapping[str, Any]
    reason: str
    outcome: str
    attempts: int
    published: float
    last_attempt: float


class DeadLetters:
    """Writes dead letters through the blob service, as the topic's identity."""

    def __init__(self, cloud: Cloud) -> None:
        context = trusted(cloud.state)
        self._client = httpx.Client(verify=context, timeout=10, headers={"User-Agent": "AzureEventGrid"})
        self._cloud = cloud

    def write(self, subscription: Subscription, letter: DeadLetter) -> str:
        """Write one dead letter and return its blob's name; written twice, it is one blob.

        Raises:
            UndeliverableError: when the subscription has no container, or the blob service does not take it.
        """
        if subscription.dead_letters is None:
            msg = "no dead-letter destination"
            raise UndeliverableError(msg)
        token, _ = self._cloud.tokens.issue(subscription.principal(), AUDIENCE)
        name = blob_name(subscription, letter)
        place = f"{subscription.dead_letters.account}/{subscription.dead_letters.name}/{name}"
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "If-None-Match": "*",
            "x-ms-blob-type": "BlockBlob",
            "x-ms-version": "2023-11-03",
        }
        content = json.dumps([_document(letter)]).encode()
        try:
            answer = self._client.put(f"{self._cloud.endpoints.url('blob')}/{place}", content=content, headers=headers)
        except httpx.HTTPError as error:
            msg = f"dead-letter storage: {error}"
            raise UndeliverableError(msg) from error
        if answer.status_code not in {CREATED, ALREADY}:
            msg = f"dead-letter storage: {answer.status_code} {answer.headers.get('x-ms-error-code', '')}"
            raise UndeliverableError(msg)
        return name


def blob_name(subscription: Subscription, letter: DeadLetter) -> str:
    """Topic, subscription, hour (UTC) and a unique name, as Event Grid files dead letters."""
    hour = dt.datetime.fromtimestamp(letter.last_attempt, dt.UTC)
    unique = uuid.uuid5(uuid.NAMESPACE_URL, f"{subscription.id}/{letter.body['id']}/{letter.delivery}")
    names = f"{subscription.topic.name}/{subscription.name}".upper()
    return f"{names}/{hour.year}/{hour.month}/{hour.day}/{hour.hour}/{unique}.json"


def _document(letter: DeadLetter) -> dict[str, Any]:
    return {
        **letter.body,
        "deadletterreason": letter.reason,
        "deliveryattempts": letter.attempts,
        "lastdeliveryoutcome": letter.outcome.partition(":")[0],
        "publishtime": utc(letter.published),
        "lastdeliveryattempttime": utc(letter.last_attempt),
    }
