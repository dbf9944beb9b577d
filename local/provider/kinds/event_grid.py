"""Event Grid: system topics on resources, and the subscriptions by which their events reach hubs."""

from __future__ import annotations

from contracts.names import RULES
from local.endpoints import Endpoints
from local.provider.kinds.kind import Kind, NameRule, at, rule, uuid_of
from local.provider.wire import Properties

SUBSCRIPTION_NAME = NameRule(pattern=r"[A-Za-z0-9-]{3,64}", words="3-64 letters, digits and dashes")


def _topic(_endpoints: Endpoints, resource_id: str, _inputs: Properties) -> Properties:
    return {"metricResourceId": uuid_of(resource_id, "metrics"), "provisioningState": "Succeeded"}


def _targets(inputs: Properties) -> list[str]:
    """The container that dead letters go to."""
    letters = at(inputs, "deadLetterWithResourceIdentity.deadLetterDestination") or inputs.get("deadLetterDestination") or {}
    account, container = letters.get("resourceId"), letters.get("blobContainerName")
    return [f"{account}/blobServices/default/containers/{container}"] if account and container else []


SYSTEM_TOPIC = Kind(
    sdk_type="azure-native:eventgrid:SystemTopic",
    arm_type="Microsoft.EventGrid/systemTopics",
    names=("systemTopicName",),
    rule=rule(RULES["system_topic"]),
    outputs=_topic,
    replace=("source", "topicType"),
)
SUBSCRIPTION = Kind(
    sdk_type="azure-native:eventgrid:SystemTopicEventSubscription",
    arm_type="Microsoft.EventGrid/systemTopics/eventSubscriptions",
    names=("systemTopicName", "eventSubscriptionName"),
    rule=SUBSCRIPTION_NAME,
    references=_targets,
)
KINDS = (SYSTEM_TOPIC, SUBSCRIPTION)
