"""Runs and their task runs: asked for once per token, started in order, each step of their life in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from local.services.databricks.errors import invalid, no_run
from local.services.databricks.jobs import Jobs
from local.services.databricks.models import (
    Ending,
    Life,
    Result,
    Run,
    TaskRun,
    next_id,
    now,
    run_of,
    task_of,
)
from local.services.databricks.validate import defaults
from local.store import Store

LONGEST_TOKEN = 64
_OVER = "('TERMINATED','INTERNAL_ERROR','SKIPPED')"


class Runs:
    """The tables of runs and task runs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs = Jobs(store)

    def run_now(self, job_id: int, parameters: Mapping[str, object], token: str | None, creator: str) -> int:
        """Return the id of a new run, or of the run that was asked for with the same token.

        Raises:
            DatabricksError: for a missing job, an unknown parameter or a token that is too long.
        """
        if token and len(token) > LONGEST_TOKEN:
            msg = f"idempotency_token must have at most {LONGEST_TOKEN} characters; it has {len(token)}."
            raise invalid(msg)
        job = self._jobs.get(job_id)
        known = defaults(job.settings)
        if unknown := sorted(set(parameters) - set(known)):
            msg = f"Job {job_id} does not have the parameters: {', '.join(unknown)}"
            raise invalid(msg)
        given = {name: str(value) for name, value in parameters.items()}
        with self._store.transaction() as connection:
            seen = connection.execute("select run_id from databricks_runs where token = ?", (token or None,)).fetchone()
            if seen is not None:
                return int(seen["run_id"])
            values = (json.dumps(job.settings), json.dumps(known | given), creator)
            return self._insert(connection, job_id, token or None, job.settings, values)

    def _insert(
        self, connection: sqlite3.Connection, job_id: int, token: str | None, settings: Mapping[str, Any], values: tuple[str, ...]
    ) -> int:
        run_id = next_id(connection, "run")
        connection.execute(
            "insert into databricks_runs(run_id, job_id, token, settings, parameters, creator, life, asked)"
            " values (?,?,?,?,?,?,?,?)",
            (run_id, job_id, token, *values, Life.QUEUED, now()),
        )
        if not _has_room(connection, job_id, settings) and not (settings.get("queue") or {}).get("enabled"):
            message = "The run was skipped, since as many runs as max_concurrent_runs allows are active."
            result = Result.MAXIMUM_CONCURRENT_RUNS_REACHED
            _end_run(connection, run_id, Ending(life=Life.SKIPPED, result=result, code="SKIPPED", message=message))
        return run_id

    def start_queued(self) -> None:
        """Start waiting runs, the oldest first, while their jobs have room; a canceled one ends instead."""
        waiting = [run_of(row) for row in self._store.rows("select * from databricks_runs where life = 'QUEUED' order by run_id")]
        for run in waiting:
            with self._store.transaction() as connection:
                if run.canceled:
                    _end_run(connection, run.run_id, canceled())
                elif _has_room(connection, run.job_id, run.settings):
                    _start_run(connection, run)

    def get(self, run_id: int) -> Run:
        """Return a run.

        Raises:
            DatabricksError: 400 INVALID_PARAMETER_VALUE when it does not exist.
        """
        row = self._store.row("select * from databricks_runs where run_id = ?", run_id)
        if row is None:
            raise no_run(run_id)
        return run_of(row)

    def task_run(self, run_id: int) -> TaskRun:
        """Return one attempt of a task.

        Raises:
            DatabricksError: 400 INVALID_PARAMETER_VALUE when it does not exist.
        """
        row = self._store.row("select * from databricks_tasks where run_id = ?", run_id)
        if row is None:
            raise no_run(run_id)
        return task_of(row)

    def tasks(self, run: Run) -> dict[str, TaskRun]:
        """The newest attempt of each task that has one, by task key."""
        rows = self._store.rows("select * from databricks_tasks where job_run_id = ? order by attempt", run.run_id)
        return {row["task_key"]: task_of(row) for row in rows}

    def active(self) -> list[Run]:
        """Runs that were started and have not ended, the oldest first."""
        rows = self._store.rows("select * from databricks_runs where life = 'RUNNING' order by run_id")
        return [run_of(row) for row in rows]

    def page(self, *, job_id: int | None, active: bool, completed: bool, limit: int, offset: int) -> tuple[list[Run], bool]:
        """Return runs, the newest first, and whether more follow."""
        over = "1" if active == completed else f"life {'not in' if active else 'in'} {_OVER}"
        rows = self._store.rows(
            f"select * from databricks_runs where (? is null or job_id = ?) and {over} order by run_id desc limit ? offset ?",  # noqa: S608 - made of constants
            job_id,
            job_id,
            limit + 1,
            offset,
        )
        return [run_of(row) for row in rows[:limit]], len(rows) > limit

    def cancel(self, run_id: int) -> None:
        """Ask for a run's end; one that is over stays as it is."""
        self.get(run_id)
        with self._store.transaction() as connection:
            connection.execute(f"update databricks_runs set canceled = 1 where run_id = ? and life not in {_OVER}", (run_id,))  # noqa: S608 - a constant

    def end_run(self, run: Run, ending: Ending) -> None:
        """Record how a run ended."""
        with self._store.transaction() as connection:
            _end_run(connection, run.run_id, ending)

    def set_life(self, task: TaskRun, life: Life, **columns: float | None) -> None:
        """Move a task run that is not over to another state, with the columns that this changes."""
        names = ", ".join(f"{name} = ?" for name in ("life", *columns))
        with self._store.transaction() as connection:
            connection.execute(
                f"update databricks_tasks set {names} where run_id = ? and life not in {_OVER}",  # noqa: S608 - column names of the code
                (life, *columns.values(), task.run_id),
            )

    def end_task(self, task: TaskRun, ending: Ending, *, retry_after: int | None = None) -> None:
        """Record how a task run ended and, in the same transaction, the attempt that follows `retry_after` milliseconds."""
        with self._store.transaction() as connection:
            row = (ending.life, ending.result, ending.code, ending.message, now(), ending.error, ending.trace)
            changed = connection.execute(
                "update databricks_tasks set life=?, result=?, code=?, message=?, ended=?, error=?, trace=?,"  # noqa: S608 - a constant
                f" peak_bytes=? where run_id=? and life not in {_OVER}",
                (*row, ending.peak_bytes, task.run_id),
            ).rowcount
            if changed and retry_after is not None:
                _add_attempt(connection, task, now() + retry_after)


def canceled() -> Ending:
    """How a canceled run or task run ends."""
    return Ending(life=Life.TERMINATED, result=Result.CANCELED, code="USER_CANCELED", message="Run cancelled.")


def _has_room(connection: sqlite3.Connection, job_id: int, settings: Mapping[str, Any]) -> bool:
    query = "select count(*) as n from databricks_runs where job_id = ? and life = 'RUNNING'"
    running = connection.execute(query, (job_id,)).fetchone()["n"]
    return int(running) < int(settings.get("max_concurrent_runs", 1))


def _start_run(connection: sqlite3.Connection, run: Run) -> None:
    connection.execute("update databricks_runs set life = 'RUNNING', started = ? where run_id = ?", (now(), run.run_id))
    for task in run.tasks:
        connection.execute(
            "insert into databricks_tasks(run_id, job_run_id, task_key, attempt, life) values (?,?,?,?,?)",
            (next_id(connection, "task run"), run.run_id, task["task_key"], 0, Life.BLOCKED),
        )


def _end_run(connection: sqlite3.Connection, run_id: int, ending: Ending) -> None:
    row = (ending.life, ending.result, ending.code, ending.message, now(), run_id)
    connection.execute("update databricks_runs set life=?, result=?, code=?, message=?, ended=? where run_id=?", row)


def _add_attempt(connection: sqlite3.Connection, task: TaskRun, not_before: int) -> None:
    connection.execute(
        "insert into databricks_tasks(run_id, job_run_id, task_key, attempt, life, not_before) values (?,?,?,?,?,?)",
        (
            next_id(connection, "task run"),
            task.job_run_id,
            task.task_key,
            task.attempt + 1,
            Life.WAITING_FOR_RETRY,
            not_before,
        ),
    )
