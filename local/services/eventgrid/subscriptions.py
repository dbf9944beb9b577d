"""Event subscriptions as the resources declare them, with their topic, hub, retry policy and dead-letter container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.resources import Resource, Resources
from local.services.eventgrid import retry
from local.tokens import Principal

TYPE = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
CLOUD_EVENTS = "CloudEventSchemaV1_0"


class UndeliverableError(Exception):
    """A delivery that the destination, or the way to it, does not take; the message starts with Azure's outcome."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A dead-letter container: storage account by ARM id, container by name."""

    account_id: str
    name: str

    @property
    def account(self) -> str:
        """The storage account's name."""
        return self.account_id.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """One subscription; `most` attempts and `minutes` to live are its retry policy."""

    id: str
    name: str
    topic: Resource
    rules: Mapping[str, Any]
    delivery: Mapping[str, Any]
    schema: str
    most: int
    minutes: int
    dead_letters: Container | None

    @property
    def source(self) -> str:
        """Lower-cased ARM id of the resource whose events the topic carries."""
        return str(self.topic.properties.get("source", "")).lower()

    def principal(self) -> Principal:
        """The topic's own identity, as which it delivers.

        Raises:
            UndeliverableError: Unauthorized, when the topic has no system-assigned identity.
        """
        identity: Mapping[str, Any] = self.topic.properties.get("identity") or {}
        if "SystemAssigned" not in str(identity.get("type", "")) or not identity.get("principalId"):
            msg = f"Unauthorized: the system topic {self.topic.name} has no system-assigned identity."
            raise UndeliverableError(msg)
        object_id = str(identity["principalId"])
        return Principal(name=self.topic.name, client_id=object_id, object_id=object_id)

    def hub(self, resources: Resources) -> str:
        """The Kafka topic of the hub that the subscription delivers to.

        Raises:
            UndeliverableError: when the destination is no Event Hub, is not there, or is asked for in another form.
        """
        destination: Mapping[str, Any] = self.delivery.get("destination") or {}
        if destination.get("endpointType") != "EventHub":
            msg = f"BadRequest: no Event Hub with an identity is the destination: {destination.get('endpointType')!r}."
            raise UndeliverableError(msg)
        if self.schema != CLOUD_EVENTS:
            msg = f"BadRequest: not emulated: delivery schema {self.schema!r}; allowed: {CLOUD_EVENTS}."
            raise UndeliverableError(msg)
        hub = resources.get(str(destination.get("resourceId", "")))
        if hub is None:
            msg = f"NotFound: the Event Hub {destination.get('resourceId')} does not exist."
            raise UndeliverableError(msg)
        return hub.name


def all_subscriptions(resources: Resources) -> dict[str, Subscription]:
    """Every subscription by its lower-cased ARM id; those whose topic is gone deliver nothing and are left out."""
    found = (_subscription(resources, resource) for resource in resources.of_type(TYPE))
    return {one.id: one for one in found if one is not None}


def _subscription(resources: Resources, resource: Resource) -> Subscription | None:
    topic_id = resource.id.rsplit("/", 2)[0]
    topic = resources.get(topic_id)
    if topic is None:
        return None
    held = resource.properties
    policy: Mapping[str, Any] = held.get("retryPolicy") or {}
    return Subscription(
        id=resource.id.lower(),
        name=resource.name,
        topic=topic,
        rules=held.get("filter") or {},
        delivery=held.get("deliveryWithResourceIdentity") or {},
        schema=str(held.get("eventDeliverySchema", "")),
        most=int(policy.get("maxDeliveryAttempts") or retry.ATTEMPTS),
        minutes=int(policy.get("eventTimeToLiveInMinutes") or retry.MINUTES),
        dead_letters=_dead_letters(held),
    )


def _dead_letters(held: Mapping[str, Any]) -> Container | None:
    inner: Mapping[str, Any] = (held.get("deadLetterWithResourceIdentity") or {}).get("deadLetterDestination") or {}
    if not inner.get("resourceId"):
        return None
    return Container(account_id=str(inner["resourceId"]), name=str(inner.get("blobContainerName", "")))
