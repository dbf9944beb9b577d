"""One whole stack for the flow tests: the real engine, all services, the published job and the handler, on its own state."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, TopicPartition
from pyarrow import csv

from contracts.events import DataVersion, Event, Hub, OwnEvent
from contracts.outputs import PlatformOutputs
from local.flow.arriving import Arrival, ingest
from local.flow.commands import data_ops
from local.flow.handler import release_handler, state_of as handler_state
from local.flow.options import Options
from local.flow.publishing import publish_jobs
from local.flow.up import stand_platform, up
from local.flow.watch import wait_for_silver
from local.lifecycle import ROOT, stop
from local.progress import Progress, Step
from local.resources import Resource
from local.services.cloud import Cloud
from local.services.containers.models import Pods
from local.services.eventgrid import models as eventgrid
from local.services.eventhubs.clients import own_login
from local.status import SUBSCRIPTIONS
from tests.conftest import STACKS

OWN_NAMES = {"date": "day", "sales": "units"}


@dataclass(frozen=True)
class Stack:
    """A stack that is up; files arrive in it and their silver versions are waited for."""

    cloud: Cloud
    outputs: PlatformOutputs
    folder: Path

    def panel(self, name: str, *, items: int = 2, days: int = 400, seed: int = 1) -> Path:
        file = self.folder / f"{name}.parquet"
        arguments = ["generate", str(file), "--stores", "2", "--items", str(items), "--days", str(days), "--seed", str(seed)]
        data_ops(self.cloud, arguments, identity="deployer")
        return file

    def ingest(self, file: Path) -> Arrival:
        return ingest(self.cloud, self.outputs, Options(verb="up", stack="dev", data=str(file), columns=""), Step("ingest"))

    def silver_of(self, version: DataVersion) -> dict[OwnEvent, Event]:
        return wait_for_silver(self.cloud, version, Step("silver"))

    def features_of(self, file: Path) -> DataVersion:
        """The version of the features that holds a file's rows, once it is registered."""
        registered = self.silver_of(self.ingest(file).version)
        return DataVersion.parse(str(registered[OwnEvent.FEATURES_REGISTERED].dataversion))

    def runs(self, version: DataVersion | None = None) -> list[sqlite3.Row]:
        """Runs as the target's own store counts them; of one bronze version, or all."""
        found = self.cloud.store.rows("select * from databricks_runs order by run_id")
        wanted = {str(version.version)} if version else {json.loads(row["parameters"])["version"] for row in found}
        return [row for row in found if json.loads(row["parameters"])["version"] in wanted]

    def subscription(self, name: str) -> Resource:
        return next(found for found in self.cloud.resources.of_type(SUBSCRIPTIONS) if found.name == name)

    def metrics(self, name: str) -> eventgrid.Metrics:
        return eventgrid.metrics(self.cloud.store, self.subscription(name).id)

    def pid(self, process: str) -> int:
        """The process id of a supervised process or of a pod, once it runs."""
        found: list[int] = []

        def runs() -> bool:
            pods = {pod.name: pod.pid for pod in Pods(self.cloud.store).all()}
            pid = json.loads((self.cloud.state / "processes.json").read_text()).get(process, {}).get("pid") or pods.get(process)
            found[:] = [pid] if pid and psutil.pid_exists(pid) else []
            return bool(found)

        until(f"{process} runs", runs)
        return found[0]

    def handler(self) -> dict[str, Any]:
        """The handler's own heartbeat."""
        file = handler_state(self.cloud) / "status.json"
        return json.loads(file.read_text()) if file.exists() else {}

    def records(self, hub: Hub, group: str = "counter") -> list[dict[str, Any]]:
        """All records of a hub, read by a consumer that shares nothing with the product."""
        consumer = Consumer({**own_login(self.cloud.state), "group.id": group, "enable.auto.commit": False})
        try:
            places = [TopicPartition(hub, number, 0) for number in consumer.list_topics(hub, timeout=10).topics[hub].partitions]
            ends = sum(consumer.get_watermark_offsets(place, timeout=10)[1] for place in places)
            consumer.assign(places)
            bodies: list[dict[str, Any]] = []
            while len(bodies) < ends:
                bodies += [json.loads(one.value() or b"{}") for one in consumer.consume(500, 0.2) if one.error() is None]
            return bodies
        finally:
            consumer.close()

    def silver_commits(self, version: DataVersion) -> int:
        """Commits of the features table that were made from a bronze version, counted in the Delta log itself."""
        rows = self.cloud.store.rows(
            "select file from blobs where container = 'silver' and name like 'features/_delta_log/%.json'"
        )
        texts = [(self.cloud.state / "blobs" / row["file"]).read_text() for row in rows]
        return sum(f'"bronzeVersion":"{version}"' in text for text in texts)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Function, nextitem: pytest.Item | None) -> None:
    """Stop a stack of the session after the last file that shares it: an idle one takes a tenth of a core."""
    for name, files in STACKS.items():
        stack = item.funcargs.get(name)
        if isinstance(stack, Stack) and nextitem and nextitem.path.stem.removeprefix("test_") not in files:
            stop(stack.cloud.state)


def until(what: str, holds: Callable[[], object], seconds: float = 60.0) -> None:
    """Poll until something holds; never a bare sleep."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.05)


@contextmanager
def homed(folder: Path) -> Iterator[Options]:
    """A home of its own for stacks, and the stack in it stopped at the end."""
    before = os.environ.get("LOCAL_CLOUD_HOME")
    os.environ["LOCAL_CLOUD_HOME"] = str(folder)
    options = Options(verb="up", stack="dev", data="", columns="")
    try:
        yield options
    finally:
        stop(options.state)
        os.environ.pop("LOCAL_CLOUD_HOME") if before is None else os.environ.update(LOCAL_CLOUD_HOME=before)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack without a training pipeline: arrivals become silver, and the handler waits for a pipeline to be published."""
    folder = tmp_path_factory.mktemp("home")
    with homed(folder) as options:
        cloud, applied = stand_platform(options, Progress())
        publish_jobs(cloud, applied.outputs, Step("publish"))
        release_handler(cloud, applied.outputs, options.stack, Step("handler"))
        yield Stack(cloud=cloud, outputs=applied.outputs, folder=folder)


@contextmanager
def brought_up(folder: Path) -> Iterator[Stack]:
    """A stack that `make up` brought to a live service, on a CSV file of a person's own whose last day has not come yet."""
    with homed(folder) as options:
        file = as_a_person_has_it(small_panel(folder / "panel.parquet"))
        assert up(replace(options, data=str(file), columns=",".join(f"{name}={own}" for name, own in OWN_NAMES.items()))) == 0
        cloud = Cloud.open(options.state)
        outputs = PlatformOutputs.of(json.loads((options.state / "outputs.json").read_text()))
        yield Stack(cloud=cloud, outputs=outputs, folder=folder)


def small_panel(file: Path) -> Path:
    """Days enough to judge a model by, the same each time."""
    size = ["--stores", "2", "--items", "20", "--days", "420", "--seed", "31"]
    command = [sys.executable, "-m", "data_ops.cli", "generate", str(file), *size]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return file


def as_a_person_has_it(file: Path) -> Path:
    """The panel of a file as it was a day before, in a CSV file with columns of its own names."""
    whole = pq.read_table(file)
    dates = whole["date"].to_numpy()
    before = whole.filter(pa.array(dates < dates.max()))
    own = file.with_suffix(".csv")
    csv.write_csv(before.rename_columns([OWN_NAMES.get(name, name) for name in before.column_names]), own)
    return own


@pytest.fixture(scope="session")
def live_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A live stack for tests that leave it as healthy as they found it."""
    with brought_up(tmp_path_factory.mktemp("live")) as stack:
        yield stack


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A live stack of a file's own, for tests that kill processes in it or run the product's commands on it."""
    with brought_up(tmp_path_factory.mktemp("own")) as stack:
        yield stack
