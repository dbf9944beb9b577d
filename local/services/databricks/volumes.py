"""Files of Unity Catalog volumes: their bytes under `volumes/` of the stack's state, their names in the store."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from local.services.databricks.errors import DatabricksError, invalid, not_found
from local.services.databricks.models import now
from local.store import Store

VOLUME_DEPTH = 4
"""Slashes in the path of a volume, /Volumes/catalog/schema/volume."""

_VOLUME = re.compile(r"/Volumes/[^/]+/[^/]+/[^/]+(/.*)?")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file or directory of a volume; `modified` in milliseconds."""

    path: str
    directory: bool
    size: int
    modified: int


class Volumes:
    """The files of all volumes; a volume exists from its first file on (catalogs and grants are not emulated)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root / "volumes"

    def write(self, path: str, body: bytes, *, overwrite: bool) -> None:
        """Keep a file, whole or not at all.

        Raises:
            DatabricksError: 409 ALREADY_EXISTS without `overwrite`, 400 for a path outside of volumes.
        """
        path = checked(path)
        file = self._file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{secrets.token_hex(8)}")
        draft.write_bytes(body)
        try:
            with self._store.transaction() as connection:
                self._claim(connection, path, len(body), overwrite=overwrite)
                os.replace(draft, file)  # noqa: PTH105 - the row and the bytes change together
        finally:
            draft.unlink(missing_ok=True)

    def read(self, path: str) -> Path:
        """Return where the bytes of a file are.

        Raises:
            DatabricksError: 404 NOT_FOUND.
        """
        entry = self.entry(path)
        if entry is None or entry.directory:
            raise not_found(path)
        return self._file(entry.path)

    def entry(self, path: str) -> Entry | None:
        """Return what is at a path."""
        row = self._store.row("select * from databricks_files where path = ?", checked(path))
        return None if row is None else _entry(row)

    def delete(self, path: str) -> None:
        """Remove a file.

        Raises:
            DatabricksError: 404 NOT_FOUND.
        """
        file = self.read(path)
        with self._store.transaction() as connection:
            connection.execute("delete from databricks_files where path = ?", (checked(path),))
            file.unlink(missing_ok=True)

    def make_directory(self, path: str) -> None:
        """Make a directory and those above it; one that is there is fine."""
        with self._store.transaction() as connection:
            _add_directories(connection, checked(path))

    def delete_directory(self, path: str) -> None:
        """Remove an empty directory.

        Raises:
            DatabricksError: 404 NOT_FOUND, 400 DIRECTORY_NOT_EMPTY.
        """
        self.list(path)
        with self._store.transaction() as connection:
            below = connection.execute("select 1 from databricks_files where path glob ?", (f"{_glob(checked(path))}/*",))
            if below.fetchone():
                raise DatabricksError(400, "DIRECTORY_NOT_EMPTY", f"The directory is not empty: {path}")
            connection.execute("delete from databricks_files where path = ?", (checked(path),))

    def list(self, path: str) -> list[Entry]:
        """Return what is directly in a directory, ordered by path.

        Raises:
            DatabricksError: 404 NOT_FOUND.
        """
        path = checked(path)
        held = self.entry(path)
        if held is None or not held.directory:
            raise not_found(path)
        pattern = _glob(path)
        query = "select * from databricks_files where path glob ? and path not glob ? order by path"
        return [_entry(row) for row in self._store.rows(query, f"{pattern}/*", f"{pattern}/*/*")]

    def _claim(self, connection: sqlite3.Connection, path: str, size: int, *, overwrite: bool) -> None:
        if path.count("/") <= VOLUME_DEPTH:
            msg = f"Invalid path: {path}. A file must be in a volume, not in its place."
            raise invalid(msg)
        there = connection.execute("select directory from databricks_files where path = ?", (path,)).fetchone()
        if there is not None and (there["directory"] or not overwrite):
            raise DatabricksError(409, "ALREADY_EXISTS", f"The file being created already exists: {path}")
        _add_directories(connection, path.rpartition("/")[0])
        connection.execute("insert or replace into databricks_files values (?,0,?,?)", (path, size, now()))

    def _file(self, path: str) -> Path:
        return self._root / path.removeprefix("/Volumes/")


def checked(path: str) -> str:
    """Return the path of a file or directory in a volume, without a final slash.

    Raises:
        DatabricksError: 400 when it is not in a volume or names a parent.
    """
    path = path.rstrip("/")
    parts = path.split("/")[1:]
    if not _VOLUME.fullmatch(path) or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        msg = f"Invalid path: {path}. It must be /Volumes/<catalog>/<schema>/<volume>/..."
        raise invalid(msg)
    return path


def _add_directories(connection: sqlite3.Connection, path: str) -> None:
    while path.count("/") >= VOLUME_DEPTH:
        there = connection.execute("select directory from databricks_files where path = ?", (path,)).fetchone()
        if there is not None and not there["directory"]:
            raise DatabricksError(409, "ALREADY_EXISTS", f"A file is where a directory is needed: {path}")
        connection.execute("insert or ignore into databricks_files values (?,1,0,?)", (path, now()))
        path = path.rpartition("/")[0]


def _glob(path: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", path)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(path=row["path"], directory=bool(row["directory"]), size=row["size"], modified=row["modified"])
