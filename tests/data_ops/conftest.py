"""A lake in a temporary directory, small files that arrive in it, and a bus of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
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
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

from contracts.events import Hub
from data_ops.engine import engine, load
from data_ops.ingest import IngestResult, ingest
from data_ops.storage import locate, table
from local.certificates import ensure_certificates
from tests.events.conftest import Azure
from tests.kafka import Broker, Bus

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


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Azure, Path]]:
    """An Azure that gives tokens and lets every client of a bus in, and the folder of its certificates."""
    folder = tmp_path_factory.mktemp("certificates")
    ensure_certificates(folder)
    cloud = Azure(folder)
    yield cloud, folder
    cloud.close()


@dataclass(frozen=True)
class Told:
    """What a bus holds, as the bodies of events."""

    bus: Bus

    def read(self, hub: Hub, count: int, seconds: float = 10.0) -> list[dict[str, Any]]:
        """At least `count` events of a hub from its beginning; fewer when time is up."""
        return [json.loads(value) for value, _ in self.bus.read(hub, count, seconds)]


@pytest.fixture
def bus(azure: tuple[Azure, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    cloud, certificates = azure
    broker = Broker(tmp_path / "broker", certificates, cloud.port)
    monkeypatch.setenv("EVENTS_BOOTSTRAP", broker.bootstrap)
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, cloud.environment[name])
    yield Told(Bus(broker.state))
    broker.kill()
