"""The clients by which Event Grid reaches the bus: one for each topic's own identity."""

from __future__ import annotations

from confluent_kafka import Producer

from local.services.cloud import Cloud
from local.services.eventhubs.clients import login_of
from local.tokens import Principal

ANSWER_MILLISECONDS = 30_000
"""How long Event Grid waits for the destination to take an event."""


class Senders:
    """Producers by principal, made when they are first needed."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._made: dict[Principal, Producer] = {}

    def of(self, principal: Principal) -> Producer:
        """The producer that is logged in as a principal."""
        if principal not in self._made:
            self._made[principal] = self._producer(principal)
        return self._made[principal]

    def poll(self) -> None:
        """Hand over the answers that are there."""
        for producer in self._made.values():
            producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait for all answers, for so long at most with each producer."""
        for producer in self._made.values():
            producer.flush(seconds)

    def _producer(self, principal: Principal) -> Producer:
        return Producer(
            {
                **login_of(self._cloud, principal),
                "client.id": "eventgrid",
                "acks": "all",
                "max.in.flight": 1,
                "linger.ms": 2,
                "message.max.bytes": 1_000_000,
                "delivery.timeout.ms": ANSWER_MILLISECONDS,
                "reconnect.backoff.ms": 20,
                "reconnect.backoff.max.ms": 500,
                "topic.metadata.propagation.max.ms": 1000,
                # After a refusal librdkafka sends nothing to a topic until it has asked about it anew.
                "topic.metadata.refresh.interval.ms": 5000,
            }
        )
