"""What holds in the subscription as a whole, beyond its resources: deleted vaults, registrations, quotas, names of others."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from local.store import Store

DDL = """
create table if not exists subscription_conditions(
  kind text not null,           -- a Condition
  name text not null,           -- lower-cased: of the vault, provider, feature, family of cores, or resource
  body text not null,           -- JSON
  primary key (kind, name)
);
"""


class Condition(StrEnum):
    """Kinds of conditions; where none is written, everything is registered, free and ample."""

    DELETED_VAULT = "deletedVault"
    REGISTRATION = "registration"
    FEATURE = "feature"
    CORES = "cores"
    TAKEN = "taken"


class Conditions:
    """The conditions of a stack's subscription."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def put(self, kind: Condition, name: str, body: Any) -> None:
        """Write a condition, in place of one of its kind and name."""
        with self._store.transaction() as connection:
            row = (kind, name.lower(), json.dumps(body))
            connection.execute("insert or replace into subscription_conditions(kind, name, body) values (?,?,?)", row)

    def remove(self, kind: Condition, name: str) -> None:
        """Take a condition away, if it is there."""
        with self._store.transaction() as connection:
            connection.execute("delete from subscription_conditions where kind = ? and name = ?", (kind, name.lower()))

    def get(self, kind: Condition, name: str) -> Any | None:
        """The condition of a kind and name."""
        row = self._store.row("select body from subscription_conditions where kind = ? and name = ?", kind, name.lower())
        return None if row is None else json.loads(row["body"])
