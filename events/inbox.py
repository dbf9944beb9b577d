"""The durable inbox: one SQLite row per effect and attempt, written before the hub's offset moves."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from events.endings import note, overtaken
from events.routes import Outcome

FILE = "inbox.db"
MALFORMED, REFUSED = "malformed", "refused"
UNROUTABLE = (MALFORMED, REFUSED)
"""What stands in the place of a route's name for records that only wait for their dead letter."""

_DDL = """
create table if not exists inbox(
  seq integer primary key,
  route text not null, effect_key text not null, attempt integer not null,
  lane text not null,
  body blob not null,                     -- the record as it came
  place text not null,                    -- hub/partition@offset
  state text not null default 'ready',    -- ready, done, ignored, dead
  reason text not null default '',        -- of a ready row: it goes to the dead letter hub for this reason
  tries integer not null default 0,
  due real not null default 0,
  error text not null default '',
  outcome text not null default '',       -- how the action ended; 'completed' when the work that it started has
  run_id text not null default '',
  failure text not null default '',       -- what the target said when the started work failed
  received real not null, finished real,
  unique(route, effect_key, attempt)
);
create index if not exists inbox_ready on inbox(seq) where state = 'ready';
create table if not exists arrivals(
  source text not null, id text not null, type text not null, route text not null,
  deliveries integer not null default 1,
  primary key(source, id, type)
) without rowid
"""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A record to keep; without a route it is counted only, with a reason it goes to the dead letter hub."""

    source: str
    id: str
    type: str
    body: bytes
    place: str
    route: str = ""
    effect_key: str = ""
    lane: str = ""
    reason: str = ""


@dataclass(kw_only=True)
class Item:
    """A ready row in the handler's memory; `tries`, `due` and `reason` change as it is worked on.

    `due` is in seconds since 1970 as the inbox tells it; who works on the item keeps it on the clock of its lanes.
    """

    seq: int
    route: str
    effect_key: str
    attempt: int
    lane: str
    body: bytes
    place: str
    reason: str
    tries: int
    due: float

    @property
    def token(self) -> str:
        """What the target knows this effect by, however often it is asked for."""
        return token(self.route, self.effect_key, self.attempt)


def token(route: str, effect_key: str, attempt: int) -> str:
    """The idempotency token of an effect's attempt: 32 hexadecimal digits."""
    return hashlib.sha256(f"{route}|{effect_key}|{attempt}".encode()).hexdigest()[:32]


class Inbox:
    """One connection to the inbox, for one thread at a time.

    With `durable` a transaction is on the disk when it returns, as the intake needs, whose offsets must not run ahead
    of it; progress may lose its last moments in a power cut, since the token absorbs the repeat.
    """

    def __init__(self, state: Path, *, durable: bool) -> None:
        self._db = sqlite3.connect(state / FILE, isolation_level=None, timeout=30, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        self._db.create_function("token", 3, token, deterministic=True)
        with self.transaction():
            for statement in _DDL.split(";\n"):
                self._db.execute(statement)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction that takes the lock at once and rolls back when the block raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            if self._db.in_transaction:  # a full disk has rolled it back already
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """All rows of a read; columns by name."""
        return self._db.execute(query, values).fetchall()

    def put(self, arrivals: Sequence[Arrival]) -> int:
        """Keep a batch in one transaction; how many effects are new. An effect that is known already stays as it is."""
        with self.transaction() as db:
            return sum(_put(db, arrival) for arrival in arrivals)

    def ready_after(self, seq: int) -> list[Item]:
        """Ready rows with a higher number, oldest first; this also finds what a redrive added."""
        wanted = "seq, route, effect_key, attempt, lane, body, place, reason, tries, due"
        rows = self.rows(f"select {wanted} from inbox where state = 'ready' and seq > ? order by seq", seq)  # noqa: S608
        return [Item(**dict(row)) for row in rows]

    def begin(self, item: Item) -> None:
        """Count a try before it is made, so that an action that kills the handler is not tried for ever."""
        item.tries += 1
        self._update("tries = ?", item.tries, seq=item.seq)

    def postpone(self, item: Item, due: float, error: str) -> None:
        """Keep the row ready, not before `due` (seconds since 1970)."""
        self._update("due = ?, error = ?", due, error, seq=item.seq)

    def condemn(self, item: Item, reason: str) -> None:
        """From now on the row waits for its place in the dead letter hub and is not acted on again."""
        item.reason, item.due = reason, 0.0
        self._update("reason = ?, error = ?, due = 0", reason, reason, seq=item.seq)

    def overtaken(self, item: Item) -> bool:
        """Whether a newer version than this row's `table@version` stands in its lane, and is not known to have failed."""
        return overtaken(self._db, item.seq)

    def finish(self, item: Item, outcome: Outcome) -> Outcome:
        """Store the outcome, and with it the end of earlier work that it tells of; the row is not ready any more.

        An outcome about work that was not started from here is stored, and returned, as ignored.
        """
        with self.transaction() as db:
            if outcome.ending is not None and not note(db, outcome.ending):
                outcome = replace(outcome, state="ignored", detail="not started by this handler")
            # The end of the work may have been told before its start was stored.
            told = "outcome = case outcome when '' then ? else outcome end"
            values = (outcome.state, outcome.detail, outcome.run_id, time.time(), item.seq)
            db.execute(f"update inbox set state = ?, {told}, run_id = ?, finished = ? where seq = ?", values)  # noqa: S608
        return outcome

    def _update(self, change: str, *values: object, seq: int) -> None:
        with self.transaction() as db:
            db.execute(f"update inbox set {change} where seq = ?", (*values, seq))  # noqa: S608


def _put(db: sqlite3.Connection, arrival: Arrival) -> int:
    seen = (arrival.source, arrival.id, arrival.type, arrival.route)
    again = "on conflict(source, id, type) do update set deliveries = deliveries + 1"
    db.execute(f"insert into arrivals(source, id, type, route) values (?,?,?,?) {again}", seen)  # noqa: S608
    if not arrival.route:
        return 0
    row = (arrival.route, arrival.effect_key, arrival.lane, arrival.body, arrival.place, arrival.reason, time.time())
    fields = "route, effect_key, attempt, lane, body, place, reason, received"
    return db.execute(f"insert or ignore into inbox({fields}) values (?,?,1,?,?,?,?,?)", row).rowcount  # noqa: S608
