"""Hubs as Kafka topics: made and removed through the broker's admin API when their resource comes and goes."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local.services.eventhubs.clients import own_login

SECONDS = 10.0


class TopicError(Exception):
    """The broker refused; the message is the broker's."""


def create_topic(state: Path, name: str, partitions: int) -> None:
    """Make a topic; one that is there already is fine.

    Raises:
        TopicError: when the broker refuses or does not answer.
    """
    client, wanted = _client(state), NewTopic(name, num_partitions=partitions, replication_factor=1)
    _done(client.create_topics([wanted], request_timeout=SECONDS)[name], KafkaError.TOPIC_ALREADY_EXISTS)


def delete_topic(state: Path, name: str) -> None:
    """Remove a topic and its records; one that is not there is fine.

    Raises:
        TopicError: when the broker refuses or does not answer.
    """
    client = _client(state)
    _done(client.delete_topics([name], request_timeout=SECONDS)[name], KafkaError.UNKNOWN_TOPIC_OR_PART)


def list_topics(state: Path) -> dict[str, int]:
    """Partitions by topic name.

    Raises:
        TopicError: when the broker does not answer.
    """
    try:
        topics = _client(state).list_topics(timeout=SECONDS).topics
    except KafkaException as error:
        raise TopicError(_text(error)) from error
    return {name: len(topic.partitions) for name, topic in topics.items()}


def _client(state: Path) -> AdminClient:
    return AdminClient({**own_login(state), "reconnect.backoff.max.ms": 200})


def _done(future: Future[None], fine: int) -> None:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() != fine:
            raise TopicError(_text(error)) from error


def _text(error: KafkaException) -> str:
    return str(error.args[0].str())
