"""Jobs and the processes of their steps; what a run is for everyone else (status, tags, times) stands in `Runs`."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.services.machine_learning.jobs.plan import Step
from local.store import Store

DDL = """
create table if not exists ml_jobs(
  run_id text primary key,
  workspace text not null,      -- lower-cased ARM id
  creator text not null,
  body text not null,           -- JSON: `properties` as they were put
  steps text not null           -- JSON: the plan, fixed when the job was put
);
create table if not exists ml_steps(
  run_id text primary key,
  job text not null references ml_jobs(run_id),
  name text not null,
  key text not null default '', -- what the outputs follow from
  outputs text not null default '', -- folder that holds them
  attempt integer not null default 0,
  pid integer,
  born real                     -- start time of the process, since pids come again
);
create index if not exists ml_steps_key on ml_steps(key)
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A pipeline job: its properties as they were put, and its plan."""

    run_id: str
    workspace: str
    creator: str
    body: Mapping[str, Any]
    steps: tuple[Step, ...]

    def setting(self, name: str) -> bool:
        """Whether a setting of the job is on."""
        return str(settings(self.body).get(name, "false")).lower() == "true"

    def step(self, name: str) -> Step:
        """A step of the plan."""
        return next(step for step in self.steps if step.name == name)


@dataclass(frozen=True, kw_only=True)
class StepRow:
    """What the executor knows of one step's work."""

    run_id: str
    job: str
    name: str
    key: str
    outputs: str
    attempt: int
    pid: int | None
    born: float | None


def step_id(root: str, name: str) -> str:
    """The run id of a step."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{root}/{name}"))


def settings(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a job, in snake case whichever way they came."""
    given = properties.get("settings") or {}
    return {"".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_"): value for name, value in given.items()}


class Jobs:
    """The tables of jobs and steps."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def create(self, connection: sqlite3.Connection, job: Job) -> None:
        """Add a job and its steps inside the caller's transaction."""
        steps = json.dumps([asdict(step) for step in job.steps])
        row = (job.run_id, job.workspace.lower(), job.creator, json.dumps(job.body), steps)
        connection.execute("insert into ml_jobs values (?,?,?,?,?)", row)
        rows = [(step_id(job.run_id, step.name), job.run_id, step.name) for step in job.steps]
        connection.executemany("insert into ml_steps(run_id, job, name) values (?,?,?)", rows)

    def get(self, run_id: str) -> Job | None:
        """The job with this name."""
        row = self._store.row("select * from ml_jobs where run_id = ?", run_id)
        if row is None:
            return None
        steps = tuple(Step.of(item) for item in json.loads(row["steps"]))
        body = json.loads(row["body"])
        return Job(run_id=run_id, workspace=row["workspace"], creator=row["creator"], body=body, steps=steps)

    def listed(self, workspace: str) -> list[str]:
        """Names of a workspace's jobs, the newest first."""
        rows = self._store.rows("select run_id from ml_jobs where workspace = ? order by rowid desc", workspace.lower())
        return [row["run_id"] for row in rows]

    def workspaces(self) -> set[str]:
        """Lower-cased ids of the workspaces that have jobs."""
        return {row["workspace"] for row in self._store.rows("select distinct workspace from ml_jobs")}

    def row(self, run_id: str) -> StepRow:
        """What is known of one step."""
        row = self._store.row("select * from ml_steps where run_id = ?", run_id)
        if row is None:
            raise KeyError(run_id)
        return StepRow(**dict(row))

    def rows(self, job: str) -> dict[str, StepRow]:
        """What is known of a job's steps, by name."""
        rows = self._store.rows("select * from ml_steps where job = ?", job)
        return {row["name"]: StepRow(**dict(row)) for row in rows}

    def note(self, run_id: str, **columns: float | str | None) -> None:
        """Change columns of a step's row."""
        names = ", ".join(f"{name} = ?" for name in columns)
        with self._store.transaction() as connection:
            connection.execute(f"update ml_steps set {names} where run_id = ?", (*columns.values(), run_id))  # noqa: S608 - column names of the code

    def reusable(self, workspace: str, key: str) -> StepRow | None:
        """The newest completed step of the workspace that had this key."""
        query = (
            "select s.* from ml_steps s join ml_jobs j on j.run_id = s.job join ml_runs r on r.run_id = s.run_id"
            " where j.workspace = ? and s.key = ? and r.status = 'Completed' order by r.ended desc"
        )
        row = self._store.row(query, workspace.lower(), key)
        return None if row is None else StepRow(**dict(row))

    def forget(self, workspace: str) -> None:
        """Remove a workspace's jobs and steps."""
        with self._store.transaction() as connection:
            connection.execute("delete from ml_steps where job in (select run_id from ml_jobs where workspace = ?)", (workspace,))
            connection.execute("delete from ml_jobs where workspace = ?", (workspace,))
