"""The outbox of events, the deliveries they become, and the counts that Azure shows as metrics of a subscription."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.services import chaos
from local.store import Store

DDL = """
create table if not exists events(
  seq integer primary key autoincrement,
  source text not null,         -- ARM id of the resource that raised it
  body text not null,           -- CloudEvents 1.0 JSON
  raised real not null,
  matched real                  -- when subscriptions were looked up, null in the outbox
);
create index if not exists events_new on events(seq) where matched is null;
create table if not exists deliveries(
  id integer primary key autoincrement,
  event integer not null references events(seq),
  subscription text not null,   -- lower-cased ARM id
  state text not null,          -- due, dead (waits for its dead-letter blob), delivered, dead-lettered, dropped
  due real not null,
  attempts integer not null default 0,
  last_attempt real,
  outcome text not null default ''
);
create index if not exists deliveries_open on deliveries(due) where state in ('due', 'dead');
create table if not exists eventgrid_metrics(
  subscription text primary key,
  matched integer not null default 0,
  delivered integer not null default 0,
  failed integer not null default 0,
  dead_lettered integer not null default 0,
  dropped integer not null default 0,
  last_error text not null default '',
  last_error_time real
)
"""

COUNTS = ("matched", "delivered", "failed", "dead_lettered", "dropped")


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Counts of one subscription: events matched and delivered, attempts failed, events dead-lettered and dropped."""

    subscription: str
    matched: int = 0
    delivered: int = 0
    failed: int = 0
    dead_lettered: int = 0
    dropped: int = 0
    last_error: str = ""
    last_error_time: float | None = None


def declare(store: Store) -> None:
    """Create Event Grid's tables; every service that raises events calls it once."""
    store.declare(DDL)
    chaos.declare(store)


def raise_event(connection: sqlite3.Connection, *, kind: str, source: str, subject: str, data: Mapping[str, Any]) -> str:
    """Put an event into the outbox, inside the transaction of the change that it tells of; returns its id.

    `source` is the ARM id of the resource that changed, `kind` the event type, `data` the type's own object.
    """
    now, event_id = time.time(), str(uuid.uuid4())
    body = {
        "id": event_id,
        "source": source,
        "specversion": "1.0",
        "type": kind,
        "subject": subject,
        "time": utc(now),
        "data": dict(data),
    }
    row = (source, json.dumps(body), now)
    connection.execute("insert into events(source, body, raised) values (?,?,?)", row)
    return event_id


def utc(seconds: float) -> str:
    """A time as Event Grid writes it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def count(connection: sqlite3.Connection, subscription: str, name: str, number: int = 1, *, error: str = "") -> None:
    """Add to one of a subscription's counts; an error becomes its last error."""
    if name not in COUNTS:
        raise KeyError(name)
    connection.execute("insert or ignore into eventgrid_metrics(subscription) values (?)", (subscription,))
    update = f"update eventgrid_metrics set {name} = {name} + ? where subscription = ?"  # noqa: S608 - one of COUNTS
    connection.execute(update, (number, subscription))
    if error:
        told = (error, time.time(), subscription)
        connection.execute("update eventgrid_metrics set last_error = ?, last_error_time = ? where subscription = ?", told)


def metrics(store: Store, subscription: str) -> Metrics:
    """The counts of the subscription with this ARM id; zeros when nothing matched yet."""
    row = store.row("select * from eventgrid_metrics where subscription = ?", subscription.lower())
    return Metrics(subscription=subscription.lower()) if row is None else Metrics(**dict(row))
