"""Processes that resources ask for (an event handler, later containers): wanted here, started by the supervisor."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local.store import Store

DDL = """
create table if not exists processes(name text primary key, argv text not null, environment text not null)
"""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process that should be running: its name, command and whole environment."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]


class Processes:
    """The table of wanted processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def want(self, process: Process) -> None:
        """Ask for a process; a changed command or environment restarts it."""
        row = (process.name, json.dumps(list(process.argv)), json.dumps(dict(process.environment), sort_keys=True))
        with self._store.transaction() as connection:
            connection.execute("insert or replace into processes values (?,?,?)", row)

    def release(self, name: str) -> None:
        """No longer ask for it; the supervisor stops it."""
        with self._store.transaction() as connection:
            connection.execute("delete from processes where name = ?", (name,))

    def wanted(self) -> list[Process]:
        """All wanted processes, ordered by name."""
        rows = self._store.rows("select * from processes order by name")
        return [Process(name=r["name"], argv=json.loads(r["argv"]), environment=json.loads(r["environment"])) for r in rows]
