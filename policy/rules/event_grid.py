"""Rules for Event Grid subscriptions, on system topics and on every other source: their properties are the same."""

from __future__ import annotations

from collections.abc import Sequence

from pulumi_policy import Severity
from pulumi_policy.proxy import UnknownValueError

from .checks import absent, an_object, equal
from .properties import is_list
from .rule import Check, Framework, Rule

KINDS = tuple(
    f"azure-native:eventgrid:{kind}EventSubscription"
    for kind in ("SystemTopic", "", "Topic", "Domain", "DomainTopic", "PartnerTopic")
)


def _names_types(value: object) -> bool:
    """Tell whether every item names one event type; a bad item counts even when an earlier one is unknown."""
    if not isinstance(value, Sequence) or not is_list(value) or not value:
        return False
    unknown: UnknownValueError | None = None
    for place in range(len(value)):
        try:
            item = value[place]
        except UnknownValueError as error:
            unknown = unknown or error
            continue
        if not isinstance(item, str) or item.strip().casefold() in {"", "all"}:
            return False
    if unknown:
        raise unknown
    return True


RULES = (
    Rule(
        id="eg-identity-delivery",
        title="Event Grid delivers as the topic's own identity",
        demand="An event subscription must deliver with the system-assigned identity of its topic.",
        breach="The subscription delivers without the topic's identity, so a firewall stops it or a key stands in for a role.",
        kinds=KINDS,
        checks=(
            absent("destination", "deliveryWithResourceIdentity.destination"),
            equal("deliveryWithResourceIdentity.identity.type", wanted="SystemAssigned"),
            an_object("deliveryWithResourceIdentity.destination"),
        ),
        severity=Severity.HIGH,
        framework=Framework(
            "PSRule for Azure", "1.48", "AZR-000099", "Event Grid: deliver events to Event Hubs by managed identity"
        ),
        remedy=(
            "Move destination into delivery_with_resource_identity with identity type SystemAssigned,"
            " and give the topic's identity Azure Event Hubs Data Sender on the hub."
        ),
        url="https://learn.microsoft.com/azure/event-grid/managed-service-identity",
    ),
    Rule(
        id="eg-dead-letter",
        title="Event Grid keeps what it can't deliver",
        demand="An event subscription must write undeliverable events to a container, as the topic's own identity.",
        breach="An event that can't be delivered is dropped without a trace once its retries end.",
        kinds=KINDS,
        # deadLetterDestination without an identity is no way out: it can't write behind a storage firewall.
        checks=(
            equal("deadLetterWithResourceIdentity.identity.type", wanted="SystemAssigned"),
            an_object("deadLetterWithResourceIdentity.deadLetterDestination"),
        ),
        severity=Severity.HIGH,
        framework=Framework(
            "Azure Well-Architected Framework",
            "service guide for Event Grid",
            "Reliability",
            "Event Grid: dead-letter location and retry policy",
        ),
        remedy=(
            "Set dead_letter_with_resource_identity to a storage container with identity type SystemAssigned,"
            " and give the topic's identity Storage Blob Data Contributor on it."
        ),
        url="https://learn.microsoft.com/azure/event-grid/manage-event-delivery",
    ),
    Rule(
        id="eg-filtered",
        title="Event Grid subscriptions name their event types",
        demand="An event subscription must list the event types it asks for.",
        breach="The subscription takes every event type of its source, also those that Azure adds later.",
        kinds=KINDS,
        checks=(
            Check(
                "filter.includedEventTypes",
                _names_types,
                "filter.includedEventTypes = a list of one or more type names, none of them All",
            ),
        ),
        severity=Severity.MEDIUM,
        framework=Framework(
            "Azure Well-Architected Framework",
            "service guide for Event Grid",
            "Cost Optimization",
            "Event Grid: event filtering for subscriptions",
        ),
        remedy="Set filter.included_event_types to the types that the receiver of this subscription handles.",
        url="https://learn.microsoft.com/azure/event-grid/event-filtering",
    ),
)
