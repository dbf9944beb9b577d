"""One SQLite file per stack: the state of every emulated service, shared by their processes and safe to kill."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local as ThreadLocal  # noqa: N812


class Store:
    """Connections to the stack's database, one per thread; every write goes through `transaction`.

    Services declare their tables by `declare` (idempotent DDL) and keep all state here, so that a restart or a
    `kill -9` loses nothing that was answered.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._threads = ThreadLocal()

    @property
    def root(self) -> Path:
        """The stack's state directory."""
        return self.path.parent

    def declare(self, ddl: str) -> None:
        """Create a service's tables and indexes; statements must be `if not exists`."""
        connection = self._connection()
        bare = re.sub(r"--[^\n]*", "", ddl)  # a comment may hold a semicolon
        for statement in filter(str.strip, bare.split(";")):
            with self.transaction():
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that takes the lock at once and rolls back when the block raises."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a read; columns by name."""
        return self._connection().execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """The first row of a read, or None."""
        return self._connection().execute(query, values).fetchone()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA busy_timeout=30000")
            self._threads.connection = connection
        return connection
