"""One SQLite file per stack: the state of every emulated service, shared by their processes and safe to kill."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local as ThreadLocal  # noqa: N812

from contracts.errors import FourPartError


class StateOutdatedError(FourPartError):
    """A table of another version of the local cloud can't be read or written by this one."""


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
        """Create a service's tables and indexes, and add to tables of an older version the columns that they lack.

        Statements must be `if not exists`.

        Raises:
            StateOutdatedError: when a table differs in a way that no new column mends.
        """
        bare = re.sub(r"--[^\n]*", "", ddl)  # a comment may hold a semicolon
        statements = [*filter(str.strip, bare.split(";"))]
        with self.transaction() as connection:
            for change in _missing_columns(connection, statements):
                connection.execute(change)
            for statement in statements:
                connection.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that takes the lock at once and rolls back when the block raises."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            if connection.in_transaction:  # a full disk has rolled it back already
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


def _missing_columns(connection: sqlite3.Connection, statements: list[str]) -> list[str]:
    """Statements that bring the tables that are there to what is declared.

    Raises:
        StateOutdatedError: when one can't be brought there.
    """
    wanted = sqlite3.connect(":memory:")
    wanted.row_factory = sqlite3.Row
    for statement in statements:
        wanted.execute(statement)
    tables = [row["name"] for row in wanted.execute("select name from sqlite_schema where type = 'table' and sql is not null")]
    changes = [change for table in tables for change in _changes(table, _columns(connection, table), _columns(wanted, table))]
    wanted.close()
    return changes


def _changes(table: str, there: dict[str, sqlite3.Row], wanted: dict[str, sqlite3.Row]) -> list[str]:
    if not there:
        return []
    added = [column for name, column in wanted.items() if name not in there]
    stray = [column for name, column in there.items() if name not in wanted]
    bad = [column["name"] for column in (*added, *stray) if column["pk"] or (column["notnull"] and column["dflt_value"] is None)]
    if bad:
        raise StateOutdatedError(
            "The state was written by another version of the local cloud.",
            given=f"table {table}, column {', '.join(bad)}",
            allowed=", ".join(wanted),
            remedy="Begin anew: make down, then make up.",
        )
    return [f"alter table {table} add column {_definition(column)}" for column in added]


def _columns(connection: sqlite3.Connection, table: str) -> dict[str, sqlite3.Row]:
    return {row["name"]: row for row in connection.execute(f"pragma table_info({table})")}


def _definition(column: sqlite3.Row) -> str:
    default = "" if column["dflt_value"] is None else f" default {column['dflt_value']}"
    return f"{column['name']} {column['type']}{' not null' if column['notnull'] else ''}{default}"
