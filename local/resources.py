"""The resources that exist in the local cloud: what the provider wrote, and what every service asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.store import Store

DDL = """
create table if not exists resources(
  id text primary key,          -- lower-cased ARM id: Azure compares ids without case
  arm_id text not null,
  type text not null,           -- Microsoft.Storage/storageAccounts
  name text not null,
  body text not null            -- JSON: inputs and outputs as the engine spells them
);
create index if not exists resources_type on resources(type);
"""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One ARM resource: its id, type path, name, and the engine's camelCase properties (inputs and outputs)."""

    id: str
    type: str
    name: str
    properties: Mapping[str, Any]


class Resources:
    """The table of resources, read by all services and written by the provider alone."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.declare(DDL)

    def put(self, resource: Resource) -> None:
        """Create or replace a resource."""
        row = (resource.id.lower(), resource.id, resource.type, resource.name, json.dumps(resource.properties))
        with self.store.transaction() as connection:
            connection.execute("insert or replace into resources(id, arm_id, type, name, body) values (?,?,?,?,?)", row)

    def delete(self, resource_id: str) -> None:
        """Remove a resource; removing what is not there is fine, as in ARM."""
        with self.store.transaction() as connection:
            connection.execute("delete from resources where id = ?", (resource_id.lower(),))

    def get(self, resource_id: str) -> Resource | None:
        """The resource with this ARM id, compared without case."""
        row = self.store.row("select * from resources where id = ?", resource_id.lower())
        return None if row is None else _resource(row)

    def of_type(self, arm_type: str) -> list[Resource]:
        """All resources of an ARM type, ordered by id."""
        return [_resource(row) for row in self.store.rows("select * from resources where type = ? order by id", arm_type)]

    def all(self) -> list[Resource]:
        """Everything that exists, ordered by id."""
        return [_resource(row) for row in self.store.rows("select * from resources order by id")]


def _resource(row: Any) -> Resource:
    return Resource(id=row["arm_id"], type=row["type"], name=row["name"], properties=json.loads(row["body"]))
