"""The recorder: a consumer of its own that reads all that is on the bus, once, and keeps it whole."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from contracts.events import DataVersion, Event, Hub, OwnEvent, event_id
from local.certificates import ensure_certificates
from local.progress import Progress
from local.report.recorder import GROUP, BusUnreadError, Recorded
from local.services.eventhubs import broker
from local.services.eventhubs.clients import own_login
from local.services.eventhubs.topics import create_topic


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Path]:
    """A broker with all hubs, two partitions each."""
    ensure_certificates(tmp_path)
    command = broker.command(broker.BROKER.ensure(Progress()), tmp_path)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        broker.wait_ready(tmp_path)
        for hub in Hub:
            create_topic(tmp_path, hub, 2)
        yield tmp_path
    finally:
        process.terminate()
        process.wait(10)


def event(number: int) -> Event:
    subject = str(DataVersion(table="silver/panel", version=number))
    kind = OwnEvent.DATASET_REGISTERED
    return Event(
        type=kind, source="/test", subject=subject, id=event_id(kind, subject), time="2026-11-24T03:53:08Z", dataversion=subject
    )


def send(bus: Path, hub: Hub, *bodies: Any, first: int = 0) -> None:
    producer = Producer(own_login(bus))
    for at, body in enumerate(bodies):
        value = body if isinstance(body, bytes) else json.dumps(body).encode()
        producer.produce(hub, value=value, key=str(at), partition=at % 2, timestamp=1_795_492_388_000 + first + 250 * at)
    assert producer.flush(10) == 0


@pytest.mark.flow
def test_reads_every_record_of_every_hub_in_the_order_of_arrival(bus: Path) -> None:
    for number, hub in enumerate(Hub):
        send(bus, hub, *(event(10 * number + at).body() for at in range(3)), first=1000 * number)
    found = Recorded.of(bus)
    assert len(found.records) == 3 * len(Hub)
    assert [record.seconds for record in found.records[:4]] == [0.0, 0.25, 0.5, 1.0]
    assert [record.seconds for record in found.records] == sorted(record.seconds for record in found.records)
    assert {record.hub for record in found.records} == set(Hub)
    wanted = found.find(event(42).id)
    assert wanted is not None
    assert (wanted.hub, wanted.partition, wanted.offset) == (list(Hub)[4], 0, 1)


@pytest.mark.flow
def test_an_array_of_one_is_unwrapped_and_what_is_no_json_or_no_event_is_kept(bus: Path) -> None:
    listed = {**event(4).body(), "data": ["a list"]}
    send(bus, Hub.DEAD_LETTER, [event(1).body()], [event(2).body(), event(3).body()], b"\xff not json", {"type": "x"}, listed)
    found = Recorded.of(bus)
    assert [told.id for _, told in found.events] == [event(1).id]
    assert sorted(str(type(record.event).__name__) for record in found.records) == ["dict", "dict", "dict", "list", "str"]


@pytest.mark.flow
def test_the_written_file_is_read_back_the_same_and_reading_commits_nothing(bus: Path, tmp_path: Path) -> None:
    send(bus, Hub.DRIFT, event(1).body(), event(2).body())
    found = Recorded.of(bus)
    found.write(tmp_path / "events.jsonl")
    assert Recorded.read(tmp_path / "events.jsonl") == found == Recorded.of(bus)
    lines = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert {frozenset(line) for line in lines} == {frozenset({"hub", "partition", "offset", "timestamp", "seconds", "event"})}
    assert GROUP != "event-handler"


@pytest.mark.flow
def test_an_empty_bus_gives_an_empty_record(bus: Path) -> None:
    assert Recorded.of(bus).records == ()


def test_a_bus_that_does_not_answer_is_an_error_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.report.recorder.PATIENCE_SECONDS", 0.3)
    with pytest.raises(BusUnreadError) as caught:
        Recorded.of(tmp_path)
    assert "make status" in caught.value.remedy
