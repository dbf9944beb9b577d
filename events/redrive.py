"""The operator's redrive: an effect that ended gets a new attempt, and so a new token."""

from __future__ import annotations

import sqlite3

from events.endings import add_attempt
from events.errors import RedriveRefusedError
from events.inbox import UNROUTABLE, Inbox


def redrive(inbox: Inbox, route: str, effect_key: str) -> int:
    """Add the next attempt of an effect, which a running handler finds within a second; returns its number.

    Raises:
        RedriveRefusedError: when the effect is not known, can't be acted on, or has not ended.
    """
    with inbox.transaction() as db:
        latest = _latest(db, route, effect_key)
        if latest is None:
            raise _refused(happened="The inbox holds no such effect.", given=f"{route} {effect_key}", allowed=_known(db))
        if latest["state"] == "ready":
            given = f"{route} {effect_key}, attempt {latest['attempt']}, tried {latest['tries']} times"
            allowed = "an effect that is done, ignored or dead"
            raise _refused(happened="The effect is still being worked on.", given=given, allowed=allowed)
        if route in UNROUTABLE:
            allowed = "an effect of one of the routes"
            raise _refused(happened="No route takes this record.", given=f"{route} {effect_key}", allowed=allowed)
        return add_attempt(db, latest["seq"])


def _latest(db: sqlite3.Connection, route: str, effect_key: str) -> sqlite3.Row | None:
    query = "select * from inbox where route = ? and effect_key = ? order by attempt desc limit 1"
    row: sqlite3.Row | None = db.execute(query, (route, effect_key)).fetchone()
    return row


def _known(db: sqlite3.Connection) -> str:
    query = "select route, effect_key from inbox where state <> 'ready' group by route, effect_key order by max(seq) desc limit 5"
    found = [f"{row['route']} {row['effect_key']}" for row in db.execute(query)]
    return f"the latest are: {'; '.join(found)}" if found else "none yet: no effect has ended"


def _refused(*, given: str, happened: str, allowed: str) -> RedriveRefusedError:
    remedy = "Read ROUTE and EFFECT_KEY from `event-handler status` or the headers of the dead letter."
    return RedriveRefusedError(happened, given=given, allowed=allowed, remedy=remedy)
