"""Hubs as Kafka topics: made and removed through the broker's admin API when their resource comes and goes."""

from __future__ import annotations

from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

SECONDS = 10.0


class TopicError(Exception):
    """The broker refused; the message is the broker's."""


def create_topic(bootstrap: str, name: str, partitions: int) -> None:
    """Make a topic; one that is there already is fine.

    Raises:
        TopicError: when the broker refuses or does not answer.
    """
    client, wanted = _client(bootstrap), NewTopic(name, num_partitions=partitions, replication_factor=1)
    _done(client.create_topics([wanted], request_timeout=SECONDS)[name], KafkaError.TOPIC_ALREADY_EXISTS)


def delete_topic(bootstrap: str, name: str) -> None:
    """Remove a topic and its records; one that is not there is fine.

    Raises:
        TopicError: when the broker refuses or does not answer.
    """
    client = _client(bootstrap)
    _done(client.delete_topics([name], request_timeout=SECONDS)[name], KafkaError.UNKNOWN_TOPIC_OR_PART)


def list_topics(bootstrap: str) -> dict[str, int]:
    """Partitions by topic name.

    Raises:
        TopicError: when the broker does not answer.
    """
    try:
        topics = _client(bootstrap).list_topics(timeout=SECONDS).topics
    except KafkaException as error:
        raise TopicError(_text(error)) from error
    return {name: len(topic.partitions) for name, topic in topics.items()}


def _client(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 200, "log_level": 0})


def _done(future: Future[None], fine: int) -> None:
    try:
        future.result()
    except KafkaException as error:
        if error.args[0].code() != fine:
            raise TopicError(_text(error)) from error


def _text(error: KafkaException) -> str:
    return str(error.args[0].str())
