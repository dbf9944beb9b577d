"""Writers that race, and processes that are killed: one winner, nothing lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.flow

RACER = """
import os, sys, time
import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import AzureStore
store = AzureStore.from_url("abfss://bronze@lake.dfs.core.windows.net")
print("ready", flush=True)
sys.stdin.readline()
won = []
for number in range(25):
    try:
        obstore.put(store, f"race/{number}", sys.argv[1].encode(), mode="create")
        won.append(number)
    except AlreadyExistsError:
        pass
print(*won)
"""

APPENDER = """
import sys
import pyarrow as pa
from deltalake import write_deltalake
print("ready", flush=True)
sys.stdin.readline()
for number in range(4):
    rows = pa.table({"writer": [sys.argv[1]], "number": [number]})
    write_deltalake("abfss://bronze@lake.dfs.core.windows.net/raced", rows, mode="append")
"""

WRITER = """
import time
import obstore
from obstore.exceptions import AlreadyExistsError, GenericError
from obstore.store import AzureStore
store = AzureStore.from_url("abfss://bronze@lake.dfs.core.windows.net")
for number in range(400):
    while True:
        try:
            obstore.put(store, f"killed/{number:03}", b"x" * 1000, mode="create")
        except AlreadyExistsError:
            pass  # the answer to an earlier try was lost
        except GenericError:
            time.sleep(0.02)  # the service is down
            continue
        break
    print(number, flush=True)
"""


def launch(storage: Any, script: str, name: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", script, name], env=storage.environment(), stdin=pipe, stdout=pipe, text=True, bufsize=1
    )


def race(storage: Any, script: str, names: list[str]) -> list[str]:
    """Start a process for each name, let all go at once, and return what each printed."""
    racers = [launch(storage, script, name) for name in names]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    told = [racer.communicate(timeout=60)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * len(racers)
    return told


def test_put_if_absent_has_exactly_one_winner_among_many_processes(storage: Any) -> None:
    told = race(storage, RACER, ["a", "b", "c", "d", "e"])
    winners = Counter(int(number) for line in told for number in line.split())
    assert winners == Counter(range(25))


def test_two_processes_append_to_one_delta_table_and_every_row_is_there_once(storage: Any, client: Any) -> None:
    import pyarrow as pa
    from deltalake import DeltaTable, write_deltalake

    client()
    root = "abfss://bronze@lake.dfs.core.windows.net/raced"
    write_deltalake(root, pa.table({"writer": ["0"], "number": [0]}))
    race(storage, APPENDER, ["1", "2"])
    read = DeltaTable(root)
    rows = read.to_pyarrow_dataset().to_table().to_pylist()
    wanted = Counter([("0", 0), *((writer, number) for writer in "12" for number in range(4))])
    assert Counter((row["writer"], row["number"]) for row in rows) == wanted
    assert read.version() == 8


def test_a_killed_blob_service_keeps_what_it_answered_and_raises_each_event_once(site: Any) -> None:
    site.start("identity")
    site.start("blob")
    with launch(site, WRITER, "writer") as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            if line in {"100\n", "250\n"}:
                site.kill("blob")
                site.start("blob")
    assert writer.returncode == 0
    names = [row["name"] for row in site.cloud.store.rows("select name from blobs order by name")]
    assert names == [f"killed/{number:03}" for number in range(400)]
    subjects = [
        json.loads(row["body"])["subject"].rpartition("/blobs/")[2] for row in site.cloud.store.rows("select body from events")
    ]
    assert Counter(subjects) == Counter(names)


def test_content_that_no_row_names_is_removed_at_the_next_start(site: Any) -> None:
    site.start("identity")
    site.start("blob")
    folder: Path = site.cloud.state / "blobs"
    site.kill("blob")
    (folder / "half-written").write_bytes(b"of a killed process")
    site.start("blob")
    assert [file.name for file in folder.iterdir()] == [".lock"]


def test_a_container_made_again_is_empty(site: Any) -> None:
    site.start("identity")
    site.start("blob")
    writer = launch(site, WRITER.replace("range(400)", "range(3)"), "writer")
    writer.communicate(timeout=60)
    container = f"{site.lake}/blobServices/default/containers/bronze"
    site.cloud.resources.delete(container)
    ends = time.monotonic() + 10
    while site.cloud.store.rows("select name from blobs"):
        assert time.monotonic() < ends
        time.sleep(0.05)
    site.add_container(site.lake, "bronze")
    assert [file.name for file in (site.cloud.state / "blobs").iterdir()] == [".lock"]
