"""Pods that should run, as resources say it, and the pods that do, as the host tells it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.resources import Resource, Resources
from local.services.containers.templates import Template, of_group, of_pod
from local.store import Store

DEPLOYMENT, STATEFUL_SET, SERVICE = "apps/v1/Deployment", "apps/v1/StatefulSet", "v1/Service"
SERVICE_ACCOUNT = "v1/ServiceAccount"
GROUP = "Microsoft.ContainerInstance/containerGroups"
HOSTED = (DEPLOYMENT, STATEFUL_SET, GROUP)
DDL = """
create table if not exists pods(
  name text primary key,
  owner text not null,          -- id of the resource, as the table of resources has it
  namespace text not null,
  labels text not null,         -- JSON
  template text not null,       -- key of the template it was made from
  image text not null,
  address text not null,
  ready integer not null default 0,
  restarts integer not null default 0,
  pid integer,
  born real,
  reason text not null default '',
  message text not null default ''
)
"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One pod that should run; `disk` is the durable folder's name of a StatefulSet's claim by mount path."""

    name: str
    owner: str
    kind: str
    namespace: str
    labels: Mapping[str, str]
    template: Template
    claims: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """One pod as it is."""

    name: str
    owner: str
    namespace: str
    labels: Mapping[str, str]
    template: str
    image: str
    address: str
    ready: bool
    restarts: int
    pid: int | None
    born: float | None
    reason: str
    message: str


def wanted(resources: Resources) -> Iterator[Wanted]:
    """All pods that the resources ask for."""
    for resource in resources.of_type(DEPLOYMENT):
        yield from _replicas(resource)
    for resource in resources.of_type(STATEFUL_SET):
        yield from _ordinals(resource)
    for resource in resources.of_type(GROUP):
        template = of_pod(of_group(resource.properties)["spec"])
        yield Wanted(
            name=resource.name, owner=resource.id, kind=GROUP, namespace="", labels={}, template=template, group=resource.id
        )


def _replicas(resource: Resource) -> Iterator[Wanted]:
    spec = resource.properties["spec"]
    template = of_pod(spec["template"]["spec"])
    for number in range(int(spec.get("replicas", 1))):
        yield _pod(resource, f"{resource.name}-{template.key}-{number}", DEPLOYMENT, template)


def _ordinals(resource: Resource) -> Iterator[Wanted]:
    spec = resource.properties["spec"]
    template = of_pod(spec["template"]["spec"])
    claims = tuple(str(claim["metadata"]["name"]) for claim in spec.get("volumeClaimTemplates") or [])
    for number in range(int(spec.get("replicas", 1))):
        yield _pod(resource, f"{resource.name}-{number}", STATEFUL_SET, template, claims)


def _pod(resource: Resource, name: str, kind: str, template: Template, claims: tuple[str, ...] = ()) -> Wanted:
    labels: Mapping[str, Any] = (resource.properties["spec"]["template"].get("metadata") or {}).get("labels") or {}
    namespace = str(resource.properties["metadata"].get("namespace") or "default")
    return Wanted(
        name=name, owner=resource.id, kind=kind, namespace=namespace, labels=dict(labels), template=template, claims=claims
    )


class Pods:
    """The table of pods; the host alone writes it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(DDL)

    def all(self) -> list[Pod]:
        """Every pod that is there, ordered by name."""
        return [_read(row) for row in self._store.rows("select * from pods order by name")]

    def of(self, owner: str) -> list[Pod]:
        """The pods of a resource."""
        return [pod for pod in self.all() if pod.owner.lower() == owner.lower()]

    def put(self, pod: Pod) -> None:
        """Write a pod."""
        row = (
            pod.name,
            pod.owner,
            pod.namespace,
            json.dumps(dict(pod.labels)),
            pod.template,
            pod.image,
            pod.address,
            int(pod.ready),
            pod.restarts,
            pod.pid,
            pod.born,
            pod.reason,
            pod.message,
        )
        with self._store.transaction() as connection:
            connection.execute("insert or replace into pods values (?,?,?,?,?,?,?,?,?,?,?,?,?)", row)

    def delete(self, name: str) -> None:
        """Remove a pod."""
        with self._store.transaction() as connection:
            connection.execute("delete from pods where name = ?", (name,))


def _read(row: sqlite3.Row) -> Pod:
    told: dict[str, Any] = {**dict(row), "labels": json.loads(row["labels"]), "ready": bool(row["ready"])}
    return Pod(**told)
