"""Deliveries: the event subscriptions of infra.subscriptions, from system topics to hubs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import eventgrid

from contracts.names import DEAD_LETTER
from infra.placement import Placement
from infra.stores import Stores
from infra.subscriptions import TABLE, Source, Subscription

ATTEMPTS = 30
MINUTES_TO_LIVE = 1440


@dataclass(frozen=True, kw_only=True)
class DeliveriesArgs:
    """Topic names by source, the stores with the hubs and the dead letters, and the roles to wait for."""

    placement: Placement
    topics: Mapping[Source, pulumi.Input[str]]
    stores: Stores
    ready: Sequence[pulumi.Resource]


class Deliveries(pulumi.ComponentResource):
    """Subscriptions that deliver CloudEvents as the topic's identity, retry for a day, and keep what they can't deliver."""

    def __init__(self, name: str, args: DeliveriesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Deliveries", name, None, opts)
        self._args = args
        for row in TABLE:
            self._subscription(row)
        self.register_outputs({})

    def _subscription(self, row: Subscription) -> None:
        args = self._args
        eventgrid.SystemTopicEventSubscription(
            row.name,
            event_subscription_name=row.name,
            system_topic_name=args.topics[row.source],
            resource_group_name=args.placement.resource_group,
            event_delivery_schema=eventgrid.EventDeliverySchema.CLOUD_EVENT_SCHEMA_V1_0,
            filter=_filter(row),
            delivery_with_resource_identity=_delivery(args.stores.bus.hub_ids[row.hub]),
            dead_letter_with_resource_identity=_dead_letter(args.stores.ml_storage.id),
            retry_policy=eventgrid.RetryPolicyArgs(max_delivery_attempts=ATTEMPTS, event_time_to_live_in_minutes=MINUTES_TO_LIVE),
            # Event Grid tries the delivery when the subscription is made: the topic's roles must be there.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.ready)),
        )


def _filter(row: Subscription) -> eventgrid.EventSubscriptionFilterArgs:
    return eventgrid.EventSubscriptionFilterArgs(
        included_event_types=[kind.value for kind in row.types],
        subject_begins_with=row.begins_with,
        subject_ends_with=row.ends_with,
        advanced_filters=[
            *(
                eventgrid.StringContainsAdvancedFilterArgs(operator_type="StringContains", key=key, values=list(values))
                for key, values in row.contains
            ),
            *(
                eventgrid.StringInAdvancedFilterArgs(operator_type="StringIn", key=key, values=list(values))
                for key, values in row.within
            ),
        ]
        or None,
    )


def _own_identity() -> eventgrid.EventSubscriptionIdentityArgs:
    return eventgrid.EventSubscriptionIdentityArgs(type=eventgrid.EventSubscriptionIdentityType.SYSTEM_ASSIGNED)


def _delivery(hub_id: pulumi.Input[str]) -> eventgrid.DeliveryWithResourceIdentityArgs:
    """Delivery to a hub; the subject becomes the partition key, so one blob's events stay in order."""
    return eventgrid.DeliveryWithResourceIdentityArgs(
        identity=_own_identity(),
        destination=eventgrid.EventHubEventSubscriptionDestinationArgs(
            endpoint_type="EventHub",
            resource_id=hub_id,
            delivery_attribute_mappings=[
                eventgrid.DynamicDeliveryAttributeMappingArgs(type="Dynamic", name="PartitionKey", source_field="subject")
            ],
        ),
    )


def _dead_letter(account_id: pulumi.Input[str]) -> eventgrid.DeadLetterWithResourceIdentityArgs:
    return eventgrid.DeadLetterWithResourceIdentityArgs(
        identity=_own_identity(),
        dead_letter_destination=eventgrid.StorageBlobDeadLetterDestinationArgs(
            endpoint_type="StorageBlob", resource_id=account_id, blob_container_name=DEAD_LETTER
        ),
    )
