"""Blobs: one row each, changed in one transaction together with the event that tells of it."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from typing import Any

from local.services.blob import storage_events
from local.services.blob.blocks import Listed, chosen
from local.services.blob.conditions import Conditions, Version
from local.services.blob.content import Content, ContentFolder, Part
from local.services.blob.errors import BlobError, Code
from local.services.blob.place import Place
from local.services.blob.storage_events import Call
from local.services.eventgrid.models import declare
from local.store import Store

DDL = """
create table if not exists blobs(
  account text not null,
  container text not null,
  name text not null,
  file text not null,           -- in the content folder
  size integer not null,
  etag text not null,
  created real not null,
  modified real not null,
  headers text not null,        -- JSON: content headers that the client gave
  metadata text not null,       -- JSON: x-ms-meta-*
  blocks text not null,         -- JSON: [id, size] of the blocks it was made of, in order
  primary key(account, container, name)
);
create table if not exists blob_blocks(
  account text not null,
  container text not null,
  name text not null,
  block text not null,          -- id, staged and not yet committed
  file text not null,
  size integer not null,
  primary key(account, container, name, block)
);
create table if not exists blob_sequence(one integer primary key check(one = 1), value integer not null)
"""
FIND = "select * from blobs where account = ? and container = ? and name = ?"
REMOVE = "delete from blobs where account = ? and container = ? and name = ?"
DESCRIBE = "update blobs set metadata = ?, etag = ?, modified = ? where account = ? and container = ? and name = ?"
FIND_BLOCKS = "select block, file, size from blob_blocks where account = ? and container = ? and name = ?"
FORGET_BLOCKS = "delete from blob_blocks where account = ? and container = ? and name = ? returning file"
CONTAINERS = "select account, container from blobs union select account, container from blob_blocks"
EMPTY = (
    "delete from blobs where account = ? and container = ? returning file",
    "delete from blob_blocks where account = ? and container = ? returning file",
)


@dataclass(frozen=True, kw_only=True)
class Blob:
    """One blob as stored; `headers` are its content headers by lower-case name, `metadata` the user's own."""

    file: str
    size: int
    etag: str
    created: float
    modified: float
    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> Version:
        """What conditional headers are judged against."""
        return Version(etag=self.etag, modified=dt.datetime.fromtimestamp(self.modified, dt.UTC))

    @property
    def last_modified(self) -> str:
        """The time of change as an HTTP date."""
        return format_datetime(self.version.modified, usegmt=True)

    @property
    def creation_time(self) -> str:
        """The time of its first writing as an HTTP date."""
        return format_datetime(dt.datetime.fromtimestamp(self.created, dt.UTC), usegmt=True)

    @property
    def media(self) -> str:
        """The content type."""
        return self.headers.get("content-type", "application/octet-stream")


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """What a client says of a blob besides its bytes."""

    headers: Mapping[str, str]
    metadata: Mapping[str, str]
    blocks: Sequence[tuple[str, int]] = ()


class Blobs:
    """The blobs of all accounts; every answer is durable when given, and each change raises its event exactly once."""

    def __init__(self, store: Store, folder: ContentFolder) -> None:
        self._store = store
        self._folder = folder
        store.declare(DDL)
        declare(store)
        named = store.rows("select file from blobs union select file from blob_blocks")
        folder.sweep({row["file"] for row in named})

    def get(self, place: Place) -> Blob:
        """The blob at a place.

        Raises:
            BlobError: BlobNotFound.
        """
        row = self._store.row(FIND, *place.key)
        if row is None:
            raise BlobError(Code.BLOB_NOT_FOUND)
        return stored(row)

    def put(self, place: Place, content: Content, attributes: Attributes, conditions: Conditions, call: Call) -> Blob:
        """Make or replace a blob; the check of the conditions and the write are one transaction.

        Raises:
            BlobError: when a condition does not hold; the content is discarded.
        """
        try:
            with self._store.transaction() as connection:
                blob, replaced = _write(connection, place, content, attributes, conditions, call=call)
                staged = _forget_blocks(connection, place)
        except BlobError:
            self._folder.discard([content.name])
            raise
        self._folder.discard([name for name in (*replaced, *staged) if name != content.name])
        return blob

    def stage(self, place: Place, block: str, content: Content) -> None:
        """Keep a block until a block list names it; the same id again replaces it."""
        key = (*place.key, block)
        with self._store.transaction() as connection:
            rows = connection.execute(FIND_BLOCKS, place.key).fetchall()
            connection.execute("insert or replace into blob_blocks values (?,?,?,?,?,?)", (*key, content.name, content.size))
        self._folder.discard([row["file"] for row in rows if row["block"] == block])

    def commit(self, place: Place, blocks: Sequence[Listed], attributes: Attributes, conditions: Conditions, call: Call) -> Blob:
        """Make a blob of staged blocks and of blocks of the blob that is there, in the order of the list.

        Raises:
            BlobError: InvalidBlockList when one is not known, or when a condition does not hold.
        """
        rows = self._store.rows(FIND_BLOCKS, *place.key)
        staged = {row["block"]: Part(name=row["file"], first=0, size=row["size"]) for row in rows}
        parts = chosen(blocks, staged, self._committed(place))
        content = self._folder.join(parts)
        made_of = [(block.id, part.size) for block, part in zip(blocks, parts, strict=True)]
        whole = Attributes(headers=attributes.headers, metadata=attributes.metadata, blocks=made_of)
        return self.put(place, content, whole, conditions, replace(call, api="PutBlockList"))

    def _committed(self, place: Place) -> dict[str, Part]:
        row = self._store.row(FIND, *place.key)
        parts: dict[str, Part] = {}
        first = 0
        for block, size in json.loads(row["blocks"]) if row else []:
            parts[block] = Part(name=row["file"] if row else "", first=first, size=size)
            first += size
        return parts

    def copy(
        self, source: Place, place: Place, attributes: Attributes, checks: tuple[Conditions, Conditions], call: Call
    ) -> Blob:
        """Copy a blob; `checks` are the conditions on the source and on the target.

        Raises:
            BlobError: CannotVerifyCopySource without a source, or when a condition does not hold.
        """
        row = self._store.row(FIND, *source.key)
        if row is None:
            raise BlobError(Code.CANNOT_VERIFY_COPY_SOURCE)
        found = stored(row)
        checks[0].check_write(found.version)
        content = Content(name=self._folder.link(found.file), size=found.size)
        kept = Attributes(headers=found.headers, metadata=attributes.metadata or found.metadata)
        return self.put(place, content, kept, checks[1], replace(call, api="CopyBlob"))

    def describe(self, place: Place, metadata: Mapping[str, str], conditions: Conditions) -> Blob:
        """Replace a blob's metadata; Azure raises no event for it.

        Raises:
            BlobError: BlobNotFound, or when a condition does not hold.
        """
        with self._store.transaction() as connection:
            blob = _existing(connection, place)
            conditions.check_write(blob.version)
            changed = (json.dumps(dict(metadata)), _etag(_next(connection)), time.time(), *place.key)
            connection.execute(DESCRIBE, changed)
            return _existing(connection, place)

    def delete(self, place: Place, conditions: Conditions, call: Call) -> None:
        """Remove a blob.

        Raises:
            BlobError: BlobNotFound, or when a condition does not hold.
        """
        with self._store.transaction() as connection:
            blob = _existing(connection, place)
            conditions.check_write(blob.version)
            connection.execute(REMOVE, place.key)
            storage_events.deleted(connection, place, call, media=blob.media, sequence=_next(connection))
        self._folder.discard([blob.file])

    def drop_containers(self, kept: set[tuple[str, str]]) -> None:
        """Remove what lies in containers that are no resource any more; as on Azure, without events."""
        for row in self._store.rows(CONTAINERS):
            gone = (row["account"], row["container"])
            if gone not in kept:
                with self._store.transaction() as connection:
                    files = [old["file"] for query in EMPTY for old in connection.execute(query, gone).fetchall()]
                self._folder.discard(files)


def _write(
    connection: sqlite3.Connection,
    place: Place,
    content: Content,
    attributes: Attributes,
    conditions: Conditions,
    *,
    call: Call,
) -> tuple[Blob, list[str]]:
    old = connection.execute(FIND, place.key).fetchone()
    conditions.check_write(stored(old).version if old else None)
    sequence, now = _next(connection), time.time()
    blob = Blob(
        file=content.name,
        size=content.size,
        etag=_etag(sequence),
        created=old["created"] if old else now,
        modified=now,
        headers=attributes.headers,
        metadata=attributes.metadata,
    )
    texts = (json.dumps(dict(blob.headers)), json.dumps(dict(blob.metadata)))
    row = (*place.key, blob.file, blob.size, blob.etag, blob.created, blob.modified, *texts, json.dumps(attributes.blocks))
    connection.execute("insert or replace into blobs values (?,?,?,?,?,?,?,?,?,?,?)", row)
    told = {"etag": blob.etag, "size": blob.size, "media": blob.media, "sequence": sequence}
    storage_events.created(connection, place, call, **told)
    return blob, [old["file"]] if old else []


def _forget_blocks(connection: sqlite3.Connection, place: Place) -> list[str]:
    return [row["file"] for row in connection.execute(FORGET_BLOCKS, place.key).fetchall()]


def _existing(connection: sqlite3.Connection, place: Place) -> Blob:
    row = connection.execute(FIND, place.key).fetchone()
    if row is None:
        raise BlobError(Code.BLOB_NOT_FOUND)
    return stored(row)


def _next(connection: sqlite3.Connection) -> int:
    connection.execute("insert or ignore into blob_sequence values (1, 0)")
    return int(connection.execute("update blob_sequence set value = value + 1 returning value").fetchone()[0])


def _etag(sequence: int) -> str:
    return f'"0x8D{sequence:013X}"'


def stored(row: Any) -> Blob:
    """A row of the table as a blob."""
    texts = {"headers": json.loads(row["headers"]), "metadata": json.loads(row["metadata"])}
    plain = {name: row[name] for name in ("file", "size", "etag", "created", "modified")}
    return Blob(**plain, **texts)
