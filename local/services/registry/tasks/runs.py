"""Runs of ACR Tasks: what was asked, how far it came; all of it survives a kill."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from local.services.cloud import Cloud

DDL = """
create table if not exists registry_runs(
  seq integer primary key autoincrement,
  id text not null unique,
  request text not null,        -- JSON: the DockerBuildRequest
  principal text not null,      -- who asked, as name, client id and object id
  status text not null,
  created real not null, started real, finished real,
  image text not null default '',  -- JSON: the image that was pushed
  error text not null default ''
)
"""


class Status(StrEnum):
    """States of a run, in Azure's words."""

    QUEUED = "Queued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


OPEN = (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, kw_only=True)
class BuildRun:
    """One build: the request, its state, and the image it pushed, if any."""

    run_id: str
    request: Mapping[str, Any]
    principal: Mapping[str, str]
    status: Status
    created: float
    started: float | None
    finished: float | None
    image: Mapping[str, str]
    error: str

    def view(self, registry_id: str) -> dict[str, Any]:
        """The Run document of Azure's API."""
        properties = {
            "runId": self.run_id,
            "status": str(self.status),
            "lastUpdatedTime": _iso(self.finished or self.started or self.created),
            "runType": "QuickBuild",
            "createTime": _iso(self.created),
            "startTime": _iso(self.started),
            "finishTime": _iso(self.finished),
            "outputImages": [dict(self.image)] if self.image else [],
            "platform": self.request.get("platform"),
            "isArchiveEnabled": False,
            "runErrorMessage": self.error or None,
            "provisioningState": "Succeeded",
        }
        kind = "Microsoft.ContainerRegistry/registries/runs"
        return {"id": f"{registry_id}/runs/{self.run_id}", "name": self.run_id, "type": kind, "properties": properties}


class BuildRuns:
    """The table of builds, and the folder that holds their contexts and logs."""

    def __init__(self, cloud: Cloud) -> None:
        self._store = cloud.store
        self.folder = cloud.state / "registry" / "tasks"
        cloud.store.declare(DDL)

    def log(self, run_id: str) -> Path:
        """Where a run's log is."""
        return self.folder / "logs" / f"{run_id}.txt"

    def source(self, relative: str) -> Path:
        """Where an uploaded context is; the path was made by `listBuildSourceUploadUrl`."""
        return self.folder / "sources" / relative.replace("/", "_")

    def add(self, request: Mapping[str, Any], principal: Mapping[str, str]) -> BuildRun:
        """Queue a build."""
        run_id, now = secrets.token_hex(2), time.time()
        with self._store.transaction() as connection:
            count = connection.execute("select count(*) from registry_runs").fetchone()[0]
            run_id = f"ca{count + 1}{run_id}"
            row = (run_id, json.dumps(request), json.dumps(principal), Status.QUEUED, now)
            connection.execute("insert into registry_runs(id, request, principal, status, created) values (?,?,?,?,?)", row)
        return self.get(run_id)

    def get(self, run_id: str) -> BuildRun:
        """The run of this id.

        Raises:
            KeyError: when there is none.
        """
        row = self._store.row("select * from registry_runs where id = ?", run_id)
        if row is None:
            raise KeyError(run_id)
        return _run(row)

    def newest(self, count: int) -> list[BuildRun]:
        """Runs, the newest first."""
        return [_run(row) for row in self._store.rows("select * from registry_runs order by seq desc limit ?", count)]

    def next(self) -> BuildRun | None:
        """Take the oldest run that is not over, one that a killed process had begun too: a build twice is the same image."""
        query = "select * from registry_runs where status in (?,?) order by seq limit 1"
        row = self._store.row(query, *OPEN)
        if row is None:
            return None
        with self._store.transaction() as connection:
            connection.execute(
                "update registry_runs set status = ?, started = ? where id = ?", (Status.RUNNING, time.time(), row["id"])
            )
        return _run(row)

    def end(self, run_id: str, status: Status, *, image: Mapping[str, str] | None = None, error: str = "") -> None:
        """Note how a run ended, unless it is over already."""
        row = (status, time.time(), json.dumps(image or {}), error, run_id, *OPEN)
        update = "update registry_runs set status=?, finished=?, image=?, error=? where id=? and status in (?,?)"
        with self._store.transaction() as connection:
            connection.execute(update, row)


def _run(row: sqlite3.Row) -> BuildRun:
    return BuildRun(
        run_id=row["id"],
        request=json.loads(row["request"]),
        principal=json.loads(row["principal"]),
        status=Status(row["status"]),
        created=row["created"],
        started=row["started"],
        finished=row["finished"],
        image=json.loads(row["image"] or "{}"),
        error=row["error"],
    )


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
