"""Published documents: one row each, kept as the Resource Manager resource that clients read back."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from local.store import Store

DDL = """
create table if not exists ml_documents(
  id text primary key,          -- lower-cased ARM id: Azure compares ids without case
  collection text not null,     -- lower-cased id without its last segment
  body text not null,           -- JSON: the whole resource
  created real not null         -- seconds since 1970
);
create index if not exists ml_documents_collection on ml_documents(collection, created)
"""


@dataclass(frozen=True, kw_only=True)
class Document:
    """One resource: `body` has `id, name, type, properties, systemData`, and `location, tags, identity` where it is tracked."""

    arm_id: str
    body: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        """The resource's own part."""
        return self.body.get("properties") or {}

    @property
    def name(self) -> str:
        """The last segment of the id; of a version its version."""
        return self.arm_id.rpartition("/")[2]


class Documents:
    """The table of documents of all workspaces; ids are compared without case."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def get(self, arm_id: str) -> Document | None:
        """The document with this id."""
        row = self._store.row("select body from ml_documents where id = ?", _key(arm_id))
        return None if row is None else _document(row)

    def put(self, document: Document) -> None:
        """Create or replace a document; one that is replaced keeps its place in the order of making."""
        with self._store.transaction() as connection:
            self.write(connection, document)

    def write(self, connection: sqlite3.Connection, document: Document) -> None:
        """`put` inside the caller's transaction."""
        key = _key(document.arm_id)
        row = (key, key.rpartition("/")[0], json.dumps(document.body), time.time())
        query = "insert into ml_documents values (?,?,?,?) on conflict(id) do update set body = excluded.body"
        connection.execute(query, row)

    def delete(self, arm_id: str) -> bool:
        """Remove a document and all below it; whether it was there."""
        key = _key(arm_id)
        with self._store.transaction() as connection:
            connection.execute("delete from ml_documents where substr(id, 1, ?) = ?", (len(key) + 1, f"{key}/"))
            return connection.execute("delete from ml_documents where id = ?", (key,)).rowcount > 0

    def children(self, collection: str) -> list[Document]:
        """The documents directly in a collection (`.../batchEndpoints/train/deployments`), the oldest first."""
        query = "select body from ml_documents where collection = ? order by created, id"
        return [_document(row) for row in self._store.rows(query, _key(collection))]

    def versions(self, container: str) -> list[Document]:
        """The versions of an asset (`.../environments/training`), the newest first."""
        return self.children(f"{container}/versions")[::-1]

    def below(self, prefix: str, kind: str) -> list[Document]:
        """All versions of all assets of a kind (`codes`) in a workspace, the newest first."""
        start = f"{_key(prefix)}/{kind.lower()}/"
        query = "select body from ml_documents where substr(id, 1, ?) = ? order by created desc, id"
        return [_document(row) for row in self._store.rows(query, len(start), start)]

    def workspaces(self) -> set[str]:
        """Lower-cased ids of the workspaces that have documents."""
        rows = self._store.rows("select distinct collection from ml_documents")
        return {"/".join(row["collection"].split("/")[:9]) for row in rows}


def _key(arm_id: str) -> str:
    return arm_id.removeprefix("azureml:").rstrip("/").lower()


def _document(row: sqlite3.Row) -> Document:
    body = json.loads(row["body"])
    return Document(arm_id=body["id"], body=body)
