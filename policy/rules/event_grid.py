"""Rules for Event Grid subscriptions, on system topics and on every other source: their properties are the same."""

from __future__ import annotations

from collections.abc import Mapping

from pulumi_policy import Severity
from pulumi_policy.proxy import UnknownValueError

from .checks import absent, an_object, between, each, equal, one_of
from .properties import is_list, read, texts
from .rule import Check, Rule
from .sources import psrule, well_architected

KINDS = tuple(
    f"azure-native:eventgrid:{kind}EventSubscription"
    for kind in ("SystemTopic", "", "Topic", "Domain", "DomainTopic", "PartnerTopic")
)


def _names_types(value: object) -> bool:
    """Tell whether every item names one event type; a bad item counts even when an earlier one is unknown."""
    if not is_list(value) or not value:
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


def _is_narrowed(filters: object) -> bool:
    """Tell whether a filter on blobs names where they lie; without that, dead letters would raise events of their own."""
    if not isinstance(filters, Mapping):
        return True
    about_blobs = any(name.startswith("Microsoft.Storage.") for name in texts(filters.get("includedEventTypes")))
    begins = read(filters, "subjectBeginsWith") if about_blobs else "anything"
    return isinstance(begins, str) and bool(begins.strip())


RULES = (
    Rule(
        id="eg-topic-identity",
        title="System topics have identities of their own",
        breach="Event Grid delivers through a firewall as the topic's system-assigned identity alone, and the topic has none.",
        kinds=("azure-native:eventgrid:SystemTopic",),
        checks=(one_of("identity.type", "SystemAssigned", "SystemAssigned, UserAssigned"),),
        severity=Severity.HIGH,
        source=psrule("99", "Event Grid: deliver events by managed identity"),
        remedy='Set identity.type="SystemAssigned" on the SystemTopic.',
        url="https://learn.microsoft.com/azure/event-grid/enable-identity-system-topics",
    ),
    Rule(
        id="eg-retry",
        title="Event Grid's retries have an end",
        breach="Events are given up at the first fault of the bus, or pile up without an end.",
        kinds=KINDS,
        checks=(
            between("retryPolicy.maxDeliveryAttempts", 1, 30),
            between("retryPolicy.eventTimeToLiveInMinutes", 1, 1440),
        ),
        severity=Severity.LOW,
        source=well_architected("Reliability, service guide for Event Grid", "Event Grid: delivery and retry"),
        remedy="Set retry_policy with max_delivery_attempts of 1 to 30 and event_time_to_live_in_minutes of 1 to 1440.",
        url="https://learn.microsoft.com/azure/event-grid/delivery-and-retry",
    ),
    Rule(
        id="eg-identity-delivery",
        title="Event Grid delivers as the topic's own identity",
        breach="The subscription delivers without the topic's identity, so a firewall stops it or a key stands in for a role.",
        kinds=KINDS,
        checks=(
            absent("destination", "deliveryWithResourceIdentity.destination"),
            equal("deliveryWithResourceIdentity.identity.type", wanted="SystemAssigned"),
            an_object("deliveryWithResourceIdentity.destination"),
        ),
        severity=Severity.HIGH,
        source=psrule("99", "Event Grid: deliver events to Event Hubs by managed identity"),
        remedy=(
            "Move destination into delivery_with_resource_identity with identity type SystemAssigned,"
            " and give the topic's identity Azure Event Hubs Data Sender on the hub."
        ),
        url="https://learn.microsoft.com/azure/event-grid/managed-service-identity",
    ),
    Rule(
        id="eg-dead-letter",
        title="Event Grid keeps what it can't deliver",
        breach="An event that can't be delivered is dropped without a trace once its retries end.",
        kinds=KINDS,
        # deadLetterDestination without an identity is no way out: it can't write behind a storage firewall.
        checks=(
            equal("deadLetterWithResourceIdentity.identity.type", wanted="SystemAssigned"),
            an_object("deadLetterWithResourceIdentity.deadLetterDestination"),
        ),
        severity=Severity.HIGH,
        source=well_architected("Reliability, service guide for Event Grid", "Event Grid: dead-letter location and retry policy"),
        remedy=(
            "Set dead_letter_with_resource_identity to a storage container with identity type SystemAssigned,"
            " and give the topic's identity Storage Blob Data Contributor on it."
        ),
        url="https://learn.microsoft.com/azure/event-grid/manage-event-delivery",
    ),
    Rule(
        id="eg-filtered",
        title="Event Grid subscriptions name their event types, and the blobs that they mean",
        breach="The subscription takes events that nobody asked for, also of types that Azure adds later.",
        kinds=KINDS,
        checks=(
            Check(
                "filter.includedEventTypes",
                _names_types,
                "filter.includedEventTypes = a list of one or more type names, none of them All",
            ),
            each(
                "filter",
                _is_narrowed,
                "filter.subjectBeginsWith = the container whose blobs are meant, where the types are those of storage",
                "includedEventTypes",
                "subjectBeginsWith",
            ),
        ),
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization, service guide for Event Grid"),
        remedy="Set filter.included_event_types to what the receiver handles, and filter.subject_begins_with for blobs.",
        url="https://learn.microsoft.com/azure/event-grid/event-filtering",
    ),
)
