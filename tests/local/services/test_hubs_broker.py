"""The Kafka broker: hubs as topics, kept over a kill."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer

from local.services.eventhubs import broker
from local.services.eventhubs.clients import own_login
from local.services.eventhubs.topics import TopicError, create_topic, delete_topic, list_topics


@pytest.mark.flow
def test_hubs_outlive_a_kill_and_removed_ones_stay_removed(site: Any) -> None:
    site.start("kafka")
    for name in ("drift", "drift", "sales_stream"):
        create_topic(site.cloud.state, name, 3)
    delete_topic(site.cloud.state, "sales_stream")
    delete_topic(site.cloud.state, "sales_stream")
    site.kill("kafka")
    site.start("kafka")
    assert list_topics(site.cloud.state) == {"drift": 3}


@pytest.mark.flow
def test_a_hub_that_no_resource_made_takes_nothing_and_is_not_made(site: Any) -> None:
    site.start("kafka")
    refused: list[int] = []
    settings = {**own_login(site.cloud.state), "topic.metadata.propagation.max.ms": 200}
    producer = Producer(settings)
    producer.produce("nobody", value=b"x", on_delivery=lambda error, _: refused.append(error.code() if error else 0))
    producer.flush(10)
    assert refused in ([KafkaError.UNKNOWN_TOPIC_OR_PART], [KafkaError._UNKNOWN_TOPIC])  # noqa: SLF001
    assert list_topics(site.cloud.state) == {}


@pytest.mark.flow
def test_refuses_a_message_larger_than_event_hubs_takes(site: Any) -> None:
    site.start("kafka")
    create_topic(site.cloud.state, "drift", 1)
    refused: list[int] = []
    settings = {**own_login(site.cloud.state), "message.max.bytes": 3_000_000}
    producer = Producer(settings)
    producer.produce("drift", value=b"x" * 1_100_000, on_delivery=lambda error, _: refused.append(error.code() if error else 0))
    producer.flush(10)
    assert refused == [KafkaError.MSG_SIZE_TOO_LARGE]


def test_says_so_when_the_broker_does_not_answer(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.services.eventhubs.topics.SECONDS", 0.3)
    with pytest.raises(TopicError, match=r"broker|transport"):
        list_topics(site.cloud.state)
    with pytest.raises(broker.BrokerNotReadyError, match=r"did not answer in 0\.2 s"):
        broker.wait_ready(site.cloud.state, seconds=0.2)
