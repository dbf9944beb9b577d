"""kill -9 of each process, at one named point each, loses nothing and doubles nothing."""

import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from contracts.events import Hub
from local.flow.commands import CommandFailedError
from tests.flow.conftest import until

pytestmark = [pytest.mark.flow, pytest.mark.slow]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def is_once(stack, arrival) -> None:
    """One run at the target, one commit in silver, however often a process started again."""
    stack.silver_of(arrival.version)
    assert len(stack.runs(arrival.version)) == 1
    assert stack.silver_commits(arrival.version) == 1


def ingested(stack, file):
    """Ingest until it is answered, as a person would after a connection error."""
    for _ in range(5):
        try:
            return stack.ingest(file)
        except CommandFailedError:
            continue
    return stack.ingest(file)


def test_the_handler_killed_when_the_event_has_reached_the_hub(stack):
    file, sent, pid = stack.panel("kill-handler", seed=21), len(stack.records(Hub.DATA_DELIVERY)), stack.pid("event-handler-0")
    with ThreadPoolExecutor(1) as pool:
        arrival = pool.submit(stack.ingest, file)
        until("the event is in the hub", lambda: len(stack.records(Hub.DATA_DELIVERY)) > sent)
        kill(pid)
        is_once(stack, arrival.result())
    assert stack.pid("event-handler-0") != pid


@pytest.mark.parametrize(("process", "seed"), [("kafka", 22), ("eventgrid", 24)])
def test_broker_and_event_grid_killed_when_the_commit_has_raised_its_event(stack, process, seed):
    file, pid = stack.panel(f"kill-{process}", seed=seed), stack.pid(process)
    with ThreadPoolExecutor(1) as pool:
        arrival = _at_the_commit(stack, pool, file, pid)
        is_once(stack, arrival.result())
    assert stack.pid(process) != pid


def test_the_blob_service_killed_when_the_commit_has_raised_its_event(stack):
    file, pid = stack.panel("kill-blob", seed=23), stack.pid("blob")
    with ThreadPoolExecutor(1) as pool:
        arrival = _at_the_commit(stack, pool, file, pid)
        first = arrival.result()
    assert stack.ingest(file).version == first.version
    is_once(stack, first)
    assert stack.pid("blob") != pid


def test_the_prepare_job_killed_while_it_runs(stack):
    done = {row["run_id"] for row in stack.cloud.store.rows("select run_id from databricks_tasks")}
    arrival = stack.ingest(stack.panel("kill-prepare", seed=25))
    query = "select * from databricks_tasks where task_key = 'prepare' and life = 'RUNNING' and pid is not null"

    def running() -> list[sqlite3.Row]:
        rows = [row for row in stack.cloud.store.rows(query) if row["run_id"] not in done]
        return [row for row in rows if psutil.pid_exists(row["pid"])]

    until("the task prepare runs", running)
    task = running()[0]
    kill(task["pid"])
    is_once(stack, arrival)
    attempts = stack.cloud.store.rows(
        "select * from databricks_tasks where job_run_id = ? and task_key = 'prepare'", task["job_run_id"]
    )
    assert [row["result"] for row in attempts] == ["FAILED", "SUCCESS"]


def _at_the_commit(stack, pool, file, pid):
    """Start an ingestion and kill a process as soon as the commit's event is in Event Grid's outbox."""
    count = "select count(*) n from events where body like '%/bronze/blobs/sales/_delta_log/%'"
    before = stack.cloud.store.row(count)["n"]
    arrival = pool.submit(ingested, stack, file)
    until("the commit has raised its event", lambda: stack.cloud.store.row(count)["n"] > before)
    kill(pid)
    return arrival
