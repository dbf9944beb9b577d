"""Runs of the release pipeline, which are builds too."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.services.devops.errors import ended
from local.store import Store

DDL = """
create table if not exists devops_runs(
  id integer primary key autoincrement,
  parameters text not null,     -- JSON: templateParameters
  requester text not null,
  status text not null,
  result text,
  issue text not null default '', -- why it did not succeed
  queued real not null,         -- all times in seconds
  started real,
  finished real,
  pid integer,
  born real                     -- start time of the process, since pids come again
);
create index if not exists devops_runs_open on devops_runs(status, id)
"""


class Status(StrEnum):
    """States of a build, as the API spells them."""

    NOT_STARTED = "notStarted"
    IN_PROGRESS = "inProgress"
    CANCELLING = "cancelling"
    COMPLETED = "completed"


class Result(StrEnum):
    """Results of a build, as the API spells them."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the pipeline; `pid` and `born` name the process that carries it out."""

    id: int
    parameters: Mapping[str, str]
    requester: str
    status: Status
    result: Result | None
    issue: str
    queued: float
    started: float | None
    finished: float | None
    pid: int | None
    born: float | None


class Runs:
    """The table of runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def queue(self, parameters: Mapping[str, str], requester: str) -> Run:
        """Add a run at the end of the queue."""
        row = (json.dumps(parameters), requester, Status.NOT_STARTED, time.time())
        with self._store.transaction() as connection:
            made = connection.execute("insert into devops_runs(parameters, requester, status, queued) values (?,?,?,?)", row)
        return self.get(made.lastrowid or 0)

    def get(self, run_id: int) -> Run:
        """The run with this id.

        Raises:
            KeyError: when there is none.
        """
        row = self._store.row("select * from devops_runs where id = ?", run_id)
        if row is None:
            raise KeyError(run_id)
        return self._run(row)

    def listed(self, statuses: Sequence[str] = (), most: int = 1000) -> list[Run]:
        """Runs that have one of the statuses, if any are named, the newest first."""
        found = [self._run(row) for row in self._store.rows("select * from devops_runs order by id desc")]
        return [run for run in found if not statuses or run.status in statuses][:most]

    def cancel(self, run_id: int) -> Run:
        """Cancel a run: at once while it waits, else by its agent.

        Raises:
            DevOpsError: 400 when it has completed.
        """
        with self._store.transaction() as connection:
            status = connection.execute("select status from devops_runs where id = ?", (run_id,)).fetchone()["status"]
            if status == Status.COMPLETED:
                raise ended(run_id)
            if status == Status.NOT_STARTED:
                _end(connection, run_id, Result.CANCELED, "The run was canceled before it started.")
            else:
                connection.execute("update devops_runs set status = ? where id = ?", (Status.CANCELLING, run_id))
        return self.get(run_id)

    def next(self) -> Run | None:
        """The run that is the agent's: the one in progress, else the one that has waited longest."""
        query = "select * from devops_runs where status <> ? order by status = ?, id limit 1"
        row = self._store.row(query, Status.COMPLETED, Status.NOT_STARTED)
        return None if row is None else self._run(row)

    def begin(self, run_id: int, pid: int, born: float) -> bool:
        """Note the process that is about to carry out a run; False when the run was canceled meanwhile."""
        values = (Status.IN_PROGRESS, time.time(), pid, born, run_id, Status.NOT_STARTED, Status.IN_PROGRESS)
        change = "update devops_runs set status = ?, started = ?, pid = ?, born = ? where id = ? and status in (?,?)"
        with self._store.transaction() as connection:
            return connection.execute(change, values).rowcount == 1

    def end(self, run_id: int, result: Result, issue: str) -> None:
        """Note how a run ended, unless it has ended."""
        with self._store.transaction() as connection:
            _end(connection, run_id, result, issue)

    def _run(self, row: sqlite3.Row) -> Run:
        read: dict[str, Any] = {
            "parameters": json.loads(row["parameters"]),
            "status": Status(row["status"]),
            "result": Result(row["result"]) if row["result"] else None,
        }
        return Run(**(dict(row) | read))


def _end(connection: sqlite3.Connection, run_id: int, result: Result, issue: str) -> None:
    values = (Status.COMPLETED, result, issue, time.time(), run_id, Status.COMPLETED)
    change = "update devops_runs set status = ?, result = ?, issue = ?, finished = ? where id = ? and status <> ?"
    connection.execute(change, values)
