"""Reads the whole bus once, as a consumer that shares nothing with the product, into `events.jsonl`.

One line for each record: `hub, partition, offset`, its Kafka `timestamp` in milliseconds, `seconds` since the first record of
the bus, and `event`, the body. An array of one event is unwrapped; what is no JSON stays text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from contracts.errors import FourPartError
from contracts.events import Event, Hub
from local.services.eventhubs.clients import own_login

FILE = "events.jsonl"
GROUP = "recorder"
PATIENCE_SECONDS = 30.0


class BusUnreadError(FourPartError):
    """The bus did not give all that it says it holds."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of a hub; `event` is its JSON body, or its text."""

    hub: str
    partition: int
    offset: int
    timestamp: int
    seconds: float
    event: Any

    @property
    def told(self) -> Event | None:
        """The CloudEvent in it, or None."""
        body = self.event
        whole = isinstance(body, dict) and {"type", "source", "id"} <= body.keys() and isinstance(body.get("data") or {}, dict)
        return Event.of(body) if whole else None


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """All records of the bus, in the order of their arrival."""

    records: tuple[Record, ...]

    @classmethod
    def of(cls, state: Path) -> Recorded:
        """Read every hub of a stack, by its state directory, from its beginning to the end that it has now.

        Raises:
            BusUnreadError: when the bus does not answer, or a record does not come in time.
        """
        settings = {**own_login(state), "group.id": GROUP, "enable.auto.commit": False}
        try:
            with closing(Consumer(settings)) as consumer:
                found = sorted(_all(consumer), key=lambda record: (record.timestamp, record.hub, record.partition, record.offset))
        except KafkaException as error:
            raise _unread(str(error.args[0])) from error
        first = found[0].timestamp if found else 0
        return cls(records=tuple(replace(record, seconds=round((record.timestamp - first) / 1000, 3)) for record in found))

    @classmethod
    def read(cls, file: Path) -> Recorded:
        """Read a written file back."""
        with file.open(encoding="utf-8") as lines:
            return cls(records=tuple(Record(**json.loads(line)) for line in lines))

    def write(self, file: Path) -> None:
        """Replace the file in one step."""
        draft = file.with_suffix(".draft")
        draft.write_text("".join(f"{json.dumps(asdict(record), sort_keys=True)}\n" for record in self.records), "utf-8")
        draft.replace(file)

    @property
    def events(self) -> Iterator[tuple[Record, Event]]:
        """The records that are CloudEvents, each with its event."""
        return ((record, told) for record in self.records if (told := record.told) is not None)

    def find(self, event_id: str) -> Record | None:
        """The first record of the event with this id."""
        return next((record for record, told in self.events if told.id == event_id), None)


def _all(consumer: Consumer) -> Iterator[Record]:
    """All records up to the ends known at the start."""
    hubs = consumer.list_topics(timeout=PATIENCE_SECONDS).topics
    places = [TopicPartition(hub, number) for hub in Hub if hub in hubs for number in hubs[hub].partitions]
    bounds = {(place.topic, place.partition): consumer.get_watermark_offsets(place, timeout=PATIENCE_SECONDS) for place in places}
    waited = {place: end for place, (first, end) in bounds.items() if end > first}
    consumer.assign([TopicPartition(*place, bounds[place][0]) for place in waited])
    until = time.monotonic() + PATIENCE_SECONDS
    while waited:
        if time.monotonic() > until:
            raise _unread(", ".join(f"{hub}/{number} up to {end}" for (hub, number), end in waited.items()))
        for message in consumer.consume(500, 0.1):
            if (error := message.error()) is not None:
                raise KafkaException(error)
            record = _record(message)
            place = (record.hub, record.partition)
            if place in waited and record.offset < waited[place]:
                yield record
                if record.offset == waited[place] - 1:
                    del waited[place]


def _record(message: Message) -> Record:
    text = (message.value() or b"").decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    return Record(
        hub=str(message.topic()),
        partition=int(message.partition() or 0),
        offset=int(message.offset() or 0),
        timestamp=message.timestamp()[1],
        seconds=0.0,
        event=body,
    )


def _unread(given: str) -> BusUnreadError:
    return BusUnreadError(
        "The bus could not be read to its end.",
        given=given,
        allowed=f"all records of all hubs within {PATIENCE_SECONDS:.0f} s",
        remedy="`make status` says whether kafka is up; then run the command again.",
    )
