"""Tables of the registry: models, their versions, and the tags of both."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass

from local.services.eventgrid.models import declare
from local.services.machine_learning.run_events import model_registered
from local.store import Store

DDL = """
create table if not exists ml_models(
  workspace text not null,      -- lower-cased ARM id
  name text not null,
  description text not null,
  created real not null,
  versions integer not null default 0,   -- numbers given so far; one of a deleted version is not given again
  primary key(workspace, name)
);
create table if not exists ml_model_versions(
  workspace text not null,
  name text not null,
  version integer not null,
  source text not null,
  run_id text not null,
  description text not null,
  created real not null,
  updated real not null,
  primary key(workspace, name, version)
);
create table if not exists ml_model_tags(
  workspace text not null,
  name text not null,
  version integer not null,     -- 0 for the model itself
  key text not null,
  value text not null,
  primary key(workspace, name, version, key)
)
"""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A registered model; `versions` is the number of its newest version, 0 before the first."""

    name: str
    description: str
    created: float
    versions: int


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a model; `source` is where its files are."""

    name: str
    version: int
    source: str
    run_id: str
    description: str
    created: float
    updated: float


class Registry:
    """The models of all workspaces. A new version and its event are one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)
        declare(store)

    def model(self, workspace: str, name: str) -> Model | None:
        """The model with this name."""
        query = "select name, description, created, versions from ml_models where workspace = ? and name = ?"
        row = self._store.row(query, workspace.lower(), name)
        return None if row is None else Model(**dict(row))

    def models(self, workspace: str) -> list[Model]:
        """All models of a workspace, by name."""
        query = "select name, description, created, versions from ml_models where workspace = ? order by name"
        return [Model(**dict(row)) for row in self._store.rows(query, workspace.lower())]

    def create(self, workspace: str, name: str, description: str, tags: Mapping[str, str]) -> bool:
        """Make a model without versions; whether the name was free."""
        with self._store.transaction() as connection:
            row = (workspace.lower(), name, description, time.time())
            insert = "insert or ignore into ml_models(workspace, name, description, created) values (?,?,?,?)"
            if not connection.execute(insert, row).rowcount:
                return False
            _tag(connection, workspace, name, 0, tags)
        return True

    def register(self, workspace: str, version: Version, tags: Mapping[str, str]) -> int:
        """Add the next version of a model that exists, with its event; `version.version` is not looked at."""
        key = (workspace.lower(), version.name)
        with self._store.transaction() as connection:
            update = "update ml_models set versions = versions + 1 where workspace = ? and name = ? returning versions"
            number = int(connection.execute(update, key).fetchone()[0])
            row = (*key, number, version.source, version.run_id, version.description, version.created, version.updated)
            connection.execute("insert into ml_model_versions values (?,?,?,?,?,?,?,?)", row)
            _tag(connection, workspace, version.name, number, tags)
            told = {"workspace": workspace, "name": version.name, "version": str(number)}
            model_registered(connection, **told, tags=tags, properties={})
        return number

    def versions(self, workspace: str, name: str) -> list[Version]:
        """The versions of a model, the newest first."""
        columns = "name, version, source, run_id, description, created, updated"
        query = f"select {columns} from ml_model_versions where workspace = ? and name = ? order by version desc"  # noqa: S608
        return [Version(**dict(row)) for row in self._store.rows(query, workspace.lower(), name)]

    def version(self, workspace: str, name: str, number: str) -> Version | None:
        """One version of a model."""
        return next((item for item in self.versions(workspace, name) if str(item.version) == number), None)

    def describe(self, workspace: str, name: str, number: int, description: str) -> None:
        """Change the description of a version."""
        update = "update ml_model_versions set description = ?, updated = ? where workspace = ? and name = ? and version = ?"
        with self._store.transaction() as connection:
            connection.execute(update, (description, time.time(), workspace.lower(), name, number))

    def tags(self, workspace: str, name: str, number: int = 0) -> dict[str, str]:
        """The tags of a version, or of the model itself (number 0)."""
        query = "select key, value from ml_model_tags where workspace = ? and name = ? and version = ? order by key"
        return {row["key"]: row["value"] for row in self._store.rows(query, workspace.lower(), name, number)}

    def tag(self, workspace: str, name: str, number: int, tags: Mapping[str, str]) -> None:
        """Set tags of a version, or of the model itself (number 0)."""
        with self._store.transaction() as connection:
            _tag(connection, workspace, name, number, tags)
            _touch(connection, workspace, name, number)

    def untag(self, workspace: str, name: str, number: int, key: str) -> None:
        """Remove a tag; removing what is not there is fine."""
        with self._store.transaction() as connection:
            delete = "delete from ml_model_tags where workspace = ? and name = ? and version = ? and key = ?"
            connection.execute(delete, (workspace.lower(), name, number, key))
            _touch(connection, workspace, name, number)


def _tag(connection: sqlite3.Connection, workspace: str, name: str, number: int, tags: Mapping[str, str]) -> None:
    rows = [(workspace.lower(), name, number, key, value) for key, value in tags.items()]
    connection.executemany("insert or replace into ml_model_tags values (?,?,?,?,?)", rows)


def _touch(connection: sqlite3.Connection, workspace: str, name: str, number: int) -> None:
    update = "update ml_model_versions set updated = ? where workspace = ? and name = ? and version = ?"
    connection.execute(update, (time.time(), workspace.lower(), name, number))
