"""Takes batches from the hubs into the inbox, and moves the offsets only after that."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from contracts.events import CONSUMER_GROUP, Hub
from events.connection import CONSUMER, Connection
from events.envelope import parse
from events.errors import MalformedError, RefusedError
from events.inbox import MALFORMED, REFUSED, Arrival, Inbox
from events.logs import record
from events.routes import Route, route_of

HUBS = tuple(hub for hub in Hub if hub not in (Hub.DEAD_LETTER, Hub.SALES_STREAM))
"""Hubs that the handler reads; what it has no route for is counted."""

HIGH_WATER, LOW_WATER = 2000, 1000
_BATCH, _WAIT_SECONDS, _STATISTICS_MS = 500, 0.1, 1000
_BURIED_LANE = "dead-letter"


class Intake:
    """The handler's consumer. The static member id lets a restarted handler go on at once with its partitions."""

    def __init__(self, connection: Connection, inbox: Inbox, routes: Sequence[Route], handler_id: str) -> None:
        self._inbox = inbox
        self._routes = routes
        self._paused = False
        self.lag: int | None = None
        self.error = ""
        member = {"group.id": CONSUMER_GROUP, "group.instance.id": f"{CONSUMER_GROUP}-{handler_id}"}
        watch = {"statistics.interval.ms": _STATISTICS_MS, "stats_cb": self._note_statistics, "error_cb": self._note_error}
        settings = {**connection.settings(), **CONSUMER, **member, **watch, "log_level": 2}
        self._consumer = Consumer(settings)
        self._consumer.subscribe([str(hub) for hub in HUBS])

    @property
    def paused(self) -> bool:
        """Whether the hubs are left waiting, because the inbox is full."""
        return self._paused

    def step(self, depth: int) -> int:
        """Take one batch, unless `depth` ready rows are too many; returns how many effects are new.

        Raises:
            KafkaException: when this member was fenced by another with its id, or the client can't go on.
            sqlite3.Error: when the inbox can't be written.
        """
        self._press_back(depth)
        messages = [message for message in self._consumer.consume(_BATCH, _WAIT_SECONDS) if self._usable(message)]
        if not messages:
            return 0
        new = self._inbox.put([self._arrival(message) for message in messages])
        self._consumer.commit(offsets=_offsets(messages), asynchronous=True)
        return new

    def assigned(self) -> list[str]:
        """The partitions this handler reads, as `hub/partition`."""
        return sorted(f"{part.topic}/{part.partition}" for part in self._consumer.assignment())

    def expected(self) -> dict[str, int]:
        """Partitions by hub as the broker lists them; empty while it does not answer."""
        try:
            topics = self._consumer.list_topics(timeout=2.0).topics
        except KafkaException as error:
            self.error = str(error)
            return {}
        return {hub: len(topics[hub].partitions) for hub in HUBS if hub in topics and topics[hub].error is None}

    def close(self) -> None:
        """Leave; offsets whose commit was lost on the way are read again and absorbed by the inbox."""
        self._consumer.close()

    def _press_back(self, depth: int) -> None:
        held = self._consumer.assignment()
        if depth > HIGH_WATER:
            # Also while paused: a partition that was assigned since is not paused yet.
            self._consumer.pause(held)
            self._paused = True
        elif self._paused and depth < LOW_WATER:
            self._consumer.resume(held)
            self._paused = False

    def _usable(self, message: Message) -> bool:
        error = message.error()
        if error is not None:
            self._note_error(error)
        return error is None

    def _note_error(self, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError._FATAL:  # noqa: SLF001 - the client's public name of this code
            raise KafkaException(error)
        if self.error != error.str():
            record("bus", level=logging.WARNING, error=error.str())
        self.error = error.str()

    def _note_statistics(self, statistics: str) -> None:
        told = json.loads(statistics)
        if any(broker["state"] == "UP" for broker in told["brokers"].values()):
            self.error = ""
        parts = [part for topic in told["topics"].values() for part in topic["partitions"].values()]
        waiting = [_waiting(part) for part in parts if part["fetch_state"] == "active"]
        known = [records for records in waiting if records is not None]
        self.lag = sum(known) if waiting and len(known) == len(waiting) else None

    def _arrival(self, message: Message) -> Arrival:
        return arrival(self._routes, str(message.topic()), message.value(), f"{message.partition()}@{message.offset()}")


def arrival(routes: Sequence[Route], hub: str, value: bytes | None, where: str) -> Arrival:
    """Decide from the body alone what a record of a hub is: work for a route, something to count only, or a dead letter."""
    body, place = value or b"", f"{hub}/{where}"
    fingerprint = hashlib.sha256(body).hexdigest()
    dead: dict[str, Any] = {"effect_key": fingerprint, "lane": _BURIED_LANE, "body": body, "place": place}
    try:
        event = parse(value)
    except MalformedError as error:
        return Arrival(source=hub, id=fingerprint, type="", route=MALFORMED, reason=f"malformed: {error}", **dead)
    fact = {"source": event.source, "id": event.id, "type": event.type}
    try:
        found = route_of(routes, hub, event)
    except RefusedError as error:
        return Arrival(**fact, route=REFUSED, reason=f"refused: {error}", **dead)
    if found is None:
        return Arrival(**fact, body=body, place=place)
    route, key = found
    return Arrival(**fact, body=body, place=place, route=route.name, effect_key=key, lane=f"{route.name}|{route.lane(event)}")


def _waiting(part: dict[str, int]) -> int | None:
    """Records of a partition that were not taken yet; librdkafka itself tells no lag before the first commit."""
    if part["hi_offset"] < 0:
        return None
    return part["hi_offset"] - max(part["app_offset"], part["committed_offset"], part["lo_offset"], 0)


def _offsets(messages: Sequence[Message]) -> list[TopicPartition]:
    after: dict[tuple[str, int], int] = {}
    for message in messages:
        after[str(message.topic()), int(message.partition() or 0)] = int(message.offset() or 0) + 1
    return [TopicPartition(hub, partition, offset) for (hub, partition), offset in after.items()]
