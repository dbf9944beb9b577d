"""A lake in a temporary directory, small files that arrive in it, and a bus of librdkafka's mock cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from contracts.events import Hub
from data_ops.engine import engine, load
from data_ops.ingest import IngestResult, ingest
from data_ops.storage import locate, table

type Columns = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Lake:
    """Places of one test's lake, and what tests put into and read from it."""

    folder: Path

    def file(self, name: str, columns: Columns | str) -> Path:
        """A CSV from text, a CSV or Parquet file from columns."""
        path = self.folder / name
        if isinstance(columns, str):
            path.write_text(columns)
        elif path.suffix == ".csv":
            pa_csv.write_csv(pa.table(dict(columns)), path)
        else:
            pq.write_table(pa.table(dict(columns)), path)
        return path

    def arrive(self, name: str, columns: Columns | str) -> IngestResult:
        return ingest(self.file(name, columns))

    def rows(self, name: str, version: int | None = None) -> list[dict[str, Any]]:
        return table(locate(name), version).to_pyarrow_table().to_pylist()

    def version(self, name: str) -> int:
        return table(locate(name)).version()

    def commits(self, name: str) -> int:
        return len(list(Path(locate(name)).glob("_delta_log/*.json")))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    for container in ("bronze", "silver"):
        (tmp_path / container).mkdir()
        monkeypatch.setenv(f"{container.upper()}_URL", str(tmp_path / container))
    return Lake(tmp_path)


@pytest.fixture
def backend() -> Iterator[Backend]:
    with engine() as opened:
        yield opened


@pytest.fixture
def frame(backend: Backend) -> Callable[[list[dict[str, Any]], pa.Schema], Table]:
    """Make a table of the engine from rows; its name is used once."""
    names = (f"frame_{number}" for number in count())

    def make(rows: list[dict[str, Any]], schema: pa.Schema) -> Table:
        return load(backend, next(names), pa.Table.from_pylist(rows, schema=schema).to_reader())

    return make


@pytest.fixture
def daily() -> Callable[..., dict[str, list[Any]]]:
    """Columns of a daily panel: `days` rows for each series, sales that rise by one a day from 10."""

    def make(days: int = 30, stores: int = 1, items: int = 2, *, start: date = date(2024, 1, 1)) -> dict[str, list[Any]]:
        keys = [(store, item, day) for store in range(1, stores + 1) for item in range(1, items + 1) for day in range(days)]
        return {
            "date": [(start + timedelta(days=day)).isoformat() for _, _, day in keys],
            "store": [str(store) for store, _, _ in keys],
            "item": [str(item) for _, item, _ in keys],
            "sales": [str(10 + day) for _, _, day in keys],
        }

    return make


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start Python code in a process of its own, with the test's environment."""

    def started(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))

    return started


class Bus:
    """librdkafka's own mock cluster, and a reader that shares nothing with the product's clients."""

    def __init__(self) -> None:
        self._cluster = Producer({"bootstrap.servers": "none:1", "test.mock.num.brokers": 1, "log_level": 0})
        brokers = [self._cluster.list_topics(str(hub), timeout=10).brokers for hub in Hub]
        broker = next(iter(brokers[0].values()))
        self.bootstrap = f"{broker.host}:{broker.port}"

    def read(self, hub: Hub, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """At least `count` events of a hub from its beginning; fewer when time is up."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "reader", "enable.auto.commit": False})
        consumer.assign([TopicPartition(str(hub), partition, 0) for partition in range(4)])
        found: list[dict[str, Any]] = []
        ends = time.monotonic() + seconds
        while len(found) < count and time.monotonic() < ends:
            found += [json.loads(message.value() or b"") for message in consumer.consume(100, 0.1) if message.error() is None]
        consumer.close()
        return found


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    opened = Bus()
    monkeypatch.setenv("EVENTS_BOOTSTRAP", opened.bootstrap)
    monkeypatch.setenv("EVENTS_AUTH", "none")
    return opened
