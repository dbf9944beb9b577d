"""Reads and writes of runs and experiments that MLflow needs and jobs do not: searches, metrics, removal of tags."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local.store import Store


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One experiment; `created` is seconds since 1970."""

    id: str
    name: str
    created: float


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One value of a metric; `timestamp` is milliseconds since 1970."""

    key: str
    value: float
    timestamp: int
    step: int


class RunData:
    """The rows of one store; the tables are declared by `Runs`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def experiment(self, workspace: str, *, experiment_id: str = "", name: str = "") -> Experiment | None:
        """The experiment of a workspace with this id or name."""
        query = "select id, name, created from ml_experiments where workspace = ? and (id = ? or name = ?)"
        row = self._store.row(query, workspace.lower(), experiment_id, name)
        return None if row is None else Experiment(**dict(row))

    def experiments(self, workspace: str) -> list[Experiment]:
        """All experiments of a workspace, the newest first."""
        query = "select id, name, created from ml_experiments where workspace = ? order by created desc, name"
        return [Experiment(**dict(row)) for row in self._store.rows(query, workspace.lower())]

    def run_ids(self, workspace: str, experiments: Iterable[str]) -> list[str]:
        """The runs of some experiments of a workspace, the newest first."""
        wanted = tuple(experiments)
        marks = ",".join("?" * len(wanted))
        query = f"select run_id from ml_runs where lower(workspace) = ? and experiment in ({marks})"  # noqa: S608 - marks alone
        rows = self._store.rows(f"{query} order by created desc, rowid desc", workspace.lower(), *wanted)
        return [row["run_id"] for row in rows]

    def metrics(self, run_id: str) -> list[Metric]:
        """The last value of every metric of a run, by key."""
        query = "select key, value, timestamp, step from ml_metrics where run_id = ? order by step, timestamp, rowid"
        last = {row["key"]: Metric(**dict(row)) for row in self._store.rows(query, run_id)}
        return [last[key] for key in sorted(last)]

    def history(self, run_id: str, key: str) -> list[Metric]:
        """All values of one metric of a run, in the order of their logging."""
        query = "select key, value, timestamp, step from ml_metrics where run_id = ? and key = ? order by rowid"
        return [Metric(**dict(row)) for row in self._store.rows(query, run_id, key)]

    def log(self, connection: sqlite3.Connection, run_id: str, metrics: Iterable[Mapping[str, Any]]) -> None:
        """Add values of metrics.

        Raises:
            KeyError, TypeError, ValueError: when one has no key or no number.
        """
        rows = [(run_id, str(m["key"]), float(m["value"]), int(m.get("timestamp", 0)), int(m.get("step", 0))) for m in metrics]
        connection.executemany("insert into ml_metrics values (?,?,?,?,?)", rows)

    def untag(self, connection: sqlite3.Connection, run_id: str, key: str) -> bool:
        """Remove a tag; whether it was there."""
        query = "delete from ml_run_texts where run_id = ? and kind = 'tag' and key = ?"
        return connection.execute(query, (run_id, key)).rowcount > 0

    def rename(self, connection: sqlite3.Connection, run_id: str, name: str) -> None:
        """Change a run's display name."""
        connection.execute("update ml_runs set name = ? where run_id = ?", (name, run_id))
