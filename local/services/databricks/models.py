"""The workspace's state: jobs, their runs, one row per attempt of a task, and the files of volumes."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DDL = """
create table if not exists databricks_ids(id integer primary key autoincrement, kind text not null);
create table if not exists databricks_jobs(
  job_id integer primary key,
  name text not null,
  creator text not null,
  created integer not null,
  settings text not null
);
create table if not exists databricks_runs(
  run_id integer primary key,
  job_id integer not null,
  token text unique,            -- idempotency_token
  settings text not null,       -- the job as it was when the run was asked for
  parameters text not null,
  creator text not null,
  life text not null,
  result text,
  code text,
  message text not null default '',
  asked integer not null,       -- all times in milliseconds
  started integer,
  ended integer,
  canceled integer not null default 0
);
create index if not exists databricks_runs_open on databricks_runs(life, job_id);
create table if not exists databricks_tasks(
  run_id integer primary key,
  job_run_id integer not null,
  task_key text not null,
  attempt integer not null,
  life text not null,
  result text,
  code text,
  message text not null default '',
  not_before integer not null default 0,
  started integer,
  executing integer,
  ended integer,
  pid integer,
  born real,                    -- start time of the process, since pids come again
  peak_bytes integer,
  error text,
  trace text,
  unique(job_run_id, task_key, attempt)
);
create table if not exists databricks_files(
  path text primary key,
  directory integer not null,
  size integer not null,
  modified integer not null
)
"""

TABLES = ("databricks_jobs", "databricks_runs", "databricks_tasks", "databricks_files")


class Life(StrEnum):
    """Life-cycle states of runs and of task runs, as the Jobs API spells them."""

    QUEUED = "QUEUED"
    BLOCKED = "BLOCKED"
    PENDING = "PENDING"
    WAITING_FOR_RETRY = "WAITING_FOR_RETRY"
    RUNNING = "RUNNING"
    TERMINATED = "TERMINATED"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    SKIPPED = "SKIPPED"


OVER = frozenset({Life.TERMINATED, Life.INTERNAL_ERROR, Life.SKIPPED})


class Result(StrEnum):
    """Results of runs and of task runs, as the Jobs API spells them."""

    SUCCESS = "SUCCESS"
    SUCCESS_WITH_FAILURES = "SUCCESS_WITH_FAILURES"
    FAILED = "FAILED"
    TIMEDOUT = "TIMEDOUT"
    CANCELED = "CANCELED"
    EXCLUDED = "EXCLUDED"
    UPSTREAM_FAILED = "UPSTREAM_FAILED"
    MAXIMUM_CONCURRENT_RUNS_REACHED = "MAXIMUM_CONCURRENT_RUNS_REACHED"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job and its settings as they were sent."""

    job_id: int
    creator: str
    created: int
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of a job; times in milliseconds."""

    run_id: int
    job_id: int
    settings: Mapping[str, Any]
    parameters: Mapping[str, str]
    creator: str
    life: Life
    result: Result | None
    code: str | None
    message: str
    asked: int
    started: int | None
    ended: int | None
    canceled: bool

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The task definitions of the job as it was when the run was asked for."""
        return list(self.settings.get("tasks", []))

    def task(self, key: str) -> dict[str, Any]:
        """One task's definition."""
        return next(task for task in self.tasks if task["task_key"] == key)


@dataclass(frozen=True, kw_only=True)
class TaskRun:
    """One attempt of a task; times in milliseconds."""

    run_id: int
    job_run_id: int
    task_key: str
    attempt: int
    life: Life
    result: Result | None
    code: str | None
    message: str
    not_before: int
    started: int | None
    executing: int | None
    ended: int | None
    pid: int | None
    born: float | None
    peak_bytes: int | None
    error: str | None
    trace: str | None

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.life in OVER


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run or a task run ended."""

    life: Life
    result: Result
    code: str
    message: str = ""
    error: str | None = None
    trace: str | None = None
    peak_bytes: int | None = None


def job_of(row: sqlite3.Row) -> Job:
    """Read a row of `databricks_jobs`."""
    return Job(job_id=row["job_id"], creator=row["creator"], created=row["created"], settings=json.loads(row["settings"]))


def run_of(row: sqlite3.Row) -> Run:
    """Read a row of `databricks_runs`."""
    fields = {name: row[name] for name in ("run_id", "job_id", "creator", "code", "message", "asked", "started", "ended")}
    return Run(
        **fields,
        settings=json.loads(row["settings"]),
        parameters=json.loads(row["parameters"]),
        life=Life(row["life"]),
        result=Result(row["result"]) if row["result"] else None,
        canceled=bool(row["canceled"]),
    )


def task_of(row: sqlite3.Row) -> TaskRun:
    """Read a row of `databricks_tasks`."""
    fields = {name: row[name] for name in row.keys() if name not in ("life", "result")}  # noqa: SIM118 - a Row iterates values
    return TaskRun(**fields, life=Life(row["life"]), result=Result(row["result"]) if row["result"] else None)


def next_id(connection: sqlite3.Connection, kind: str) -> int:
    """Return a new id; jobs, runs and task runs share one series, so that an id names one thing."""
    return connection.execute("insert into databricks_ids(kind) values (?)", (kind,)).lastrowid or 0


def now() -> int:
    """Return the time in milliseconds, the unit of the Jobs API."""
    return int(time.time() * 1000)
