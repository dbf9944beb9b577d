"""Runs: what a job is in run history and in MLflow, one row each; a change of status and its event are one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from local.services.eventgrid.models import declare
from local.services.machine_learning import run_events
from local.store import Store

DDL = """
create table if not exists ml_experiments(
  id text primary key,          -- a uuid of workspace and name
  workspace text not null,      -- lower-cased ARM id
  name text not null,
  created real not null,
  unique(workspace, name)
);
create table if not exists ml_runs(
  run_id text primary key,
  workspace text not null,      -- ARM id
  experiment text not null references ml_experiments(id),
  parent text not null default '',
  root text not null,
  kind text not null,           -- RunKind
  name text not null,           -- display name, of a child the name of its step
  status text not null,         -- Status
  created real not null,
  started real,
  ended real,
  error text not null default '',
  canceled integer not null default 0
);
create index if not exists ml_runs_parent on ml_runs(parent);
create table if not exists ml_run_texts(
  run_id text not null references ml_runs(run_id),
  kind text not null,           -- tag, property, param
  key text not null,
  value text not null,
  primary key(run_id, kind, key)
);
create table if not exists ml_metrics(
  run_id text not null references ml_runs(run_id),
  key text not null,
  value real not null,
  timestamp integer not null,   -- milliseconds
  step integer not null
);
create index if not exists ml_metrics_run on ml_metrics(run_id, key)
"""

FINAL = frozenset({"Completed", "Failed", "Canceled"})


class Status(StrEnum):
    """Statuses of jobs as Resource Manager, run history and the events spell them."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    RUNNING = "Running"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


class RunKind(StrEnum):
    """`runType` in events and run history."""

    PIPELINE = "azureml.PipelineRun"
    STEP = "azureml.StepRun"
    PLAIN = "azureml.scriptrun"
    """A run that an MLflow client made by itself."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run; times are seconds since 1970, None before they came."""

    run_id: str
    workspace: str
    experiment: str
    parent: str
    root: str
    kind: RunKind
    name: str
    status: Status
    created: float
    started: float | None = None
    ended: float | None = None
    error: str = ""
    canceled: bool = False

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.status in FINAL


class Runs:
    """The runs of all workspaces. Methods that take a `connection` run inside the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)
        declare(store)

    def experiment(self, connection: sqlite3.Connection, workspace: str, name: str) -> str:
        """The id of an experiment, made on first use."""
        made = run_events.experiment_id(workspace, name)
        row = (made, workspace.lower(), name, time.time())
        connection.execute("insert or ignore into ml_experiments values (?,?,?,?)", row)
        return made

    def create(self, connection: sqlite3.Connection, run: Run) -> None:
        """Add a run.

        Raises:
            sqlite3.IntegrityError: when the id is taken.
        """
        columns = ("run_id", "workspace", "experiment", "parent", "root", "kind", "name", "status", "created", "started")
        values = tuple(getattr(run, column) for column in columns)
        connection.execute(f"insert into ml_runs({','.join(columns)}) values ({','.join('?' * len(columns))})", values)  # noqa: S608

    def get(self, run_id: str) -> Run | None:
        """The run with this id."""
        row = self._store.row("select * from ml_runs where run_id = ?", run_id)
        return None if row is None else _run(row)

    def children(self, run_id: str) -> list[Run]:
        """The runs whose parent this is, in the order of their making."""
        return [_run(row) for row in self._store.rows("select * from ml_runs where parent = ? order by created, rowid", run_id)]

    def open(self) -> list[Run]:
        """Pipeline runs that have not ended, the oldest first."""
        query = "select * from ml_runs where kind = ? and status not in ('Completed', 'Failed', 'Canceled') order by created"
        return [_run(row) for row in self._store.rows(query, RunKind.PIPELINE)]

    def roots(self) -> list[Run]:
        """All pipeline runs, the newest first."""
        query = "select * from ml_runs where kind = ? order by created desc, rowid desc"
        return [_run(row) for row in self._store.rows(query, RunKind.PIPELINE)]

    def set_status(self, run_id: str, status: Status, *, error: str = "") -> None:
        """Record a status, its time, and the events that Azure raises for it; a run that is over stays as it is."""
        with self._store.transaction() as connection:
            row = connection.execute("select * from ml_runs where run_id = ?", (run_id,)).fetchone()
            run = _run(row)
            if run.over or run.status == status:
                return
            now = time.time()
            started = run.started or (now if status is Status.RUNNING else None)
            ended = now if status in FINAL else None
            update = "update ml_runs set status = ?, started = ?, ended = ?, error = ? where run_id = ?"
            connection.execute(update, (status, started, ended, error, run_id))
            run_events.status_changed(connection, run, status, self._told(connection, run_id))

    def cancel(self, run_id: str) -> None:
        """Ask for the run's end; who works on it sees the mark."""
        with self._store.transaction() as connection:
            connection.execute("update ml_runs set canceled = 1 where run_id = ? or root = ?", (run_id, run_id))

    def note(self, connection: sqlite3.Connection, run_id: str, kind: str, texts: Mapping[str, str]) -> None:
        """Set tags, properties or params (`kind`: tag, property, param)."""
        rows = [(run_id, kind, key, value) for key, value in texts.items()]
        connection.executemany("insert or replace into ml_run_texts values (?,?,?,?)", rows)

    def texts(self, run_id: str, kind: str) -> dict[str, str]:
        """Tags, properties or params of a run."""
        rows = self._store.rows("select key, value from ml_run_texts where run_id = ? and kind = ?", run_id, kind)
        return {row["key"]: row["value"] for row in rows}

    def _told(self, connection: sqlite3.Connection, run_id: str) -> dict[str, Any]:
        query = "select kind, key, value from ml_run_texts where run_id = ?"
        rows = connection.execute(query, (run_id,)).fetchall()
        return {kind: {row["key"]: row["value"] for row in rows if row["kind"] == kind} for kind in ("tag", "property")}


def _run(row: sqlite3.Row) -> Run:
    held = dict(row)
    kinds = {"kind": RunKind(held.pop("kind")), "status": Status(held.pop("status")), "canceled": bool(held.pop("canceled"))}
    return Run(**held, **kinds)
