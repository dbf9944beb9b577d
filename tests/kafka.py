"""A broker of a test's own and clients of its bus that share nothing with the product's."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from contracts.events import Hub
from events.connection import Connection
from local.certificates import ensure_certificates
from local.endpoints import Endpoints
from local.services.eventhubs.broker import BROKER, command, wait_ready
from local.services.eventhubs.clients import own_login
from local.services.eventhubs.topics import create_topic

PARTITIONS = 4


class Bus:
    """Clients of the broker of a state directory."""

    def __init__(self, state: Path) -> None:
        self.connection = Connection(bootstrap=Endpoints.of(state).bootstrap, authorities=str(state / "tls" / "ca.pem"))
        self._login = own_login(state)
        self._producer = Producer(self._login)

    def put(self, hub: Hub, *values: Any) -> None:
        """Send bytes, or what becomes JSON: one event, or a list of one, keyed by its subject."""
        for value in values:
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            [event] = value if isinstance(value, list) else [value]
            self._producer.produce(str(hub), body, key=event["subject"] if isinstance(event, dict) else None)
        assert self._producer.flush(10) == 0

    def read(self, hub: Hub, count: int, seconds: float = 10.0) -> list[tuple[bytes, Mapping[str, str]]]:
        """At least `count` records of a hub from its beginning, as (value, headers); fewer when time is up."""
        consumer = Consumer({**self._login, "group.id": "reader", "enable.auto.commit": False})
        consumer.assign([TopicPartition(str(hub), partition, 0) for partition in range(PARTITIONS)])
        found, ends = [], time.monotonic() + seconds
        while len(found) < count and time.monotonic() < ends:
            found += [message for message in consumer.consume(100, 0.1) if message.error() is None]
        consumer.close()
        return [(message.value() or b"", {name: text.decode() for name, text in message.headers() or []}) for message in found]


class Broker:
    """The broker's process on a state directory of its own; `kill` and `start` keep its port and its log.

    `judge` is the port of the service that judges its clients; certificates are those of the directory `certificates`.
    """

    def __init__(self, state: Path, certificates: Path, judge: int) -> None:
        ensure_certificates(certificates)
        state.mkdir(parents=True)
        (state / "tls").symlink_to(certificates / "tls")
        replace(Endpoints.of(state), identity=judge).write(state / "endpoints.json")
        self.state = state
        self.start()
        for hub in Hub:
            create_topic(state, hub, PARTITIONS)
        self.bootstrap = Endpoints.of(state).bootstrap

    def start(self) -> None:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(command(BROKER.cached or BROKER.build(), self.state), stdout=quiet, stderr=quiet)
        wait_ready(self.state)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
