"""Jobs: created, read, replaced, merged, deleted, listed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.services.databricks.errors import invalid, no_job
from local.services.databricks.models import Job, job_of, next_id, now
from local.services.databricks.validate import check_settings
from local.store import Store

MERGED = {"tasks": "task_key", "job_clusters": "job_cluster_key", "parameters": "name", "environments": "environment_key"}
"""Lists that an update merges by key; every other field is replaced whole."""


class Jobs:
    """The table of jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, settings: Mapping[str, Any], creator: str) -> int:
        """Keep a new job; names need not be unique, as on Databricks.

        Raises:
            DatabricksError: when the settings are refused.
        """
        settings = {"name": "Untitled", **settings}
        check_settings(settings)
        with self._store.transaction() as connection:
            job_id = next_id(connection, "job")
            row = (job_id, settings["name"], creator, now(), json.dumps(settings))
            connection.execute("insert into databricks_jobs values (?,?,?,?,?)", row)
        return job_id

    def get(self, job_id: int) -> Job:
        """Return a job.

        Raises:
            DatabricksError: 400 INVALID_PARAMETER_VALUE when it does not exist.
        """
        row = self._store.row("select * from databricks_jobs where job_id = ?", job_id)
        if row is None:
            raise no_job(job_id)
        return job_of(row)

    def reset(self, job_id: int, settings: Mapping[str, Any]) -> None:
        """Replace all settings; runs that were asked for keep the old ones."""
        self.get(job_id)
        settings = {"name": "Untitled", **settings}
        check_settings(settings)
        with self._store.transaction() as connection:
            row = (settings["name"], json.dumps(settings), job_id)
            connection.execute("update databricks_jobs set name = ?, settings = ? where job_id = ?", row)

    def update(self, job_id: int, changes: Mapping[str, Any], removed: list[str]) -> None:
        """Merge settings: lists by their key, other fields whole; then remove the named fields."""
        settings = dict(self.get(job_id).settings)
        for name, value in changes.items():
            key = MERGED.get(name)
            settings[name] = _merged(settings.get(name, []), value, key) if key else value
        for path in removed:
            _remove(settings, path)
        self.reset(job_id, settings)

    def delete(self, job_id: int) -> None:
        """Remove a job; its runs go on and stay readable."""
        self.get(job_id)
        with self._store.transaction() as connection:
            connection.execute("delete from databricks_jobs where job_id = ?", (job_id,))

    def page(self, *, name: str | None, limit: int, offset: int) -> tuple[list[Job], bool]:
        """Return jobs, the newest first, and whether more follow; names are compared without case."""
        rows = self._store.rows(
            "select * from databricks_jobs where ? is null or lower(name) = lower(?) order by job_id desc limit ? offset ?",
            name,
            name,
            limit + 1,
            offset,
        )
        return [job_of(row) for row in rows[:limit]], len(rows) > limit


def _merged(old: list[dict[str, Any]], new: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    items = {item[key]: item for item in old}
    return list((items | {item[key]: item for item in new}).values())


def _remove(settings: dict[str, Any], path: str) -> None:
    name, _, item = path.partition("/")
    if name not in settings:
        return
    if not item:
        del settings[name]
    elif name in MERGED:
        settings[name] = [entry for entry in settings[name] if entry[MERGED[name]] != item]
    else:
        msg = f"fields_to_remove can't name {path}."
        raise invalid(msg)
