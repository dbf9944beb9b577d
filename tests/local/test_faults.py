"""Faults of the machine, made by the machine itself, end in errors that say what to do."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from local.faults import DiskFullError, StateBrokenError, StateClosedError, told
from local.store import Store


def fault_of(work) -> OSError | sqlite3.Error:
    try:
        work()
    except (OSError, sqlite3.Error) as error:
        return error
    pytest.fail("it went well")


def test_a_full_disk_is_told(tmp_path):
    def write():
        with Path("/dev/full").open("w") as device:
            device.write("x")

    error = told(fault_of(write), tmp_path)
    assert isinstance(error, DiskFullError)
    assert "goes on from where it stopped" in error.remedy


def test_a_database_without_room_is_told_and_keeps_what_it_had(tmp_path):
    store = Store(tmp_path / "cloud.db")
    store.declare("create table if not exists notes(text text)")
    with store.transaction() as connection:
        connection.execute("insert into notes values ('kept')")
    store.row("pragma max_page_count = 1")

    def fill():
        with store.transaction() as connection:
            connection.execute("insert into notes values ('lost')")
            connection.execute("insert into notes values (zeroblob(1000000))")

    assert isinstance(told(fault_of(fill), tmp_path), DiskFullError)
    assert [row["text"] for row in store.rows("select text from notes")] == ["kept"]


def test_a_database_that_may_not_be_written_is_told(tmp_path):
    Store(tmp_path / "cloud.db").declare("create table if not exists notes(text text)")
    connection = sqlite3.connect(f"file:{tmp_path}/cloud.db?mode=ro", uri=True)
    assert isinstance(told(fault_of(lambda: connection.execute("insert into notes values ('x')")), tmp_path), StateClosedError)
    connection.close()


def test_a_damaged_database_is_told(tmp_path):
    (tmp_path / "cloud.db").write_bytes(b"no database at all" * 100)
    error = told(fault_of(lambda: Store(tmp_path / "cloud.db").rows("select 1 from sqlite_schema")), tmp_path)
    assert isinstance(error, StateBrokenError)


def test_a_fault_that_is_none_of_the_machines_is_not_explained_away(tmp_path):
    assert told(FileNotFoundError(2, "No such file"), tmp_path) is None
    assert told(sqlite3.OperationalError("no such table: x"), tmp_path) is None


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a directory that nobody can write")
@pytest.mark.parametrize("command", [["local.flow", "up"], ["local.cli", "up"]])
def test_a_state_directory_that_cannot_be_made_is_refused_in_four_parts(command):
    environment = dict(os.environ, LOCAL_CLOUD_HOME="/sys/kernel/local-cloud")
    done = subprocess.run(
        [sys.executable, "-m", *command], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "can't be written" in done.stderr
    assert "LOCAL_CLOUD_HOME" in done.stderr
