"""Reads hubs of the bus from their beginning, as any subscriber could."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from contracts.events import Event, Hub
from local.services.cloud import Cloud
from local.services.eventhubs.clients import own_login


@contextmanager
def reader(cloud: Cloud, hubs: Sequence[Hub]) -> Iterator[Consumer]:
    """Give a consumer of these hubs that commits nothing."""
    consumer = Consumer({**own_login(cloud.state), "group.id": "watch", "enable.auto.commit": False})
    try:
        metadata = consumer.list_topics(timeout=10)
        consumer.assign([TopicPartition(hub, partition, 0) for hub in hubs for partition in metadata.topics[hub].partitions])
        yield consumer
    finally:
        consumer.close()


def read(consumer: Consumer) -> Iterator[Event]:
    """Give the CloudEvents of the next batch, an array of one unwrapped; what is none is left out."""
    for message in consumer.consume(100, 0.2):
        value = message.value()
        if message.error() is not None or not value:
            continue
        body: Any = json.loads(value)
        if isinstance(body, list) and len(body) == 1:
            body = body[0]
        if isinstance(body, dict) and body.get("type"):
            yield Event.of(body)
