"""Publishes events to the hubs and knows that they arrived; light to import, since every job carries it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from contracts.events import HUB_OF, Event, Hub, OwnEvent
from events.connection import PRODUCER, Connection
from events.errors import PublishError


@dataclass(frozen=True, kw_only=True)
class Record:
    """Bytes for one hub; records of one key keep their order."""

    hub: Hub
    key: str
    value: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Publisher:
    """An idempotent producer; a call returns when the bus has acknowledged, or raises.

    Safe to share between threads.
    """

    def __init__(self, connection: Connection, *, seconds: float = 30.0) -> None:
        self._seconds = seconds
        delivery = {"delivery.timeout.ms": int(seconds * 1000)}
        limits = {**PRODUCER, "request.timeout.ms": min(PRODUCER["request.timeout.ms"], delivery["delivery.timeout.ms"])}
        self._producer = Producer({**connection.settings(), **limits, **delivery, "log_level": 2})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def publish(self, *events: Event) -> None:
        """Publish our own events, each to the hub of its type with its subject as key.

        Raises:
            PublishError: when one was not acknowledged in time.
            ValueError: when a type is not one of `contracts.events.OwnEvent`.
        """
        self.send(*[_record(event) for event in events])

    def send(self, *records: Record) -> None:
        """Send records to their hubs and wait for the acknowledgements.

        Raises:
            PublishError: when one was refused or not acknowledged in time.
        """
        answers: list[str | None] = []

        def answered(error: KafkaError | None, _: Message) -> None:
            answers.append(None if error is None else error.str())

        for record in records:
            self._produce(record, answered)
        self._producer.flush(self._seconds + 1)
        _check(answers, len(records))

    def _produce(self, record: Record, answered: Callable[[KafkaError | None, Message], None]) -> None:
        headers: list[tuple[str, str | bytes | None]] = [(name, text.encode()) for name, text in record.headers.items()]
        try:
            self._producer.produce(record.hub, record.value, record.key, headers=headers, on_delivery=answered)
        except (KafkaException, BufferError) as error:
            raise PublishError(str(error)) from error

    def close(self) -> None:
        """Let the client go; nothing is pending, since `send` waits."""
        self._producer.flush(0)


def _record(event: Event) -> Record:
    value = json.dumps(event.body(), ensure_ascii=False, allow_nan=False).encode()
    return Record(hub=HUB_OF[OwnEvent(event.type)], key=event.subject, value=value)


def _check(answers: list[str | None], sent: int) -> None:
    errors = [answer for answer in answers if answer is not None]
    if errors:
        raise PublishError(errors[0])
    if len(answers) < sent:
        msg = f"{sent - len(answers)} of {sent} records were not acknowledged in time"
        raise PublishError(msg)
