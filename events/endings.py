"""How the end of started work is noted in the inbox: at the attempt that started it, and with a new attempt if one is due.

The functions run inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
import time

from events.routes import COMPLETED, Ending

_COPIED = "route, effect_key, lane, body, place"
_VERSION = "cast(substr({0}.effect_key, instr({0}.effect_key, '@') + 1) as integer)"
_OVERTAKEN = (
    "select 1 from inbox newer join inbox item on item.seq = ? "  # noqa: S608 - no value of an event is in the text
    "where newer.lane = item.lane and newer.route = item.route "
    "and newer.state <> 'dead' and newer.reason = '' and newer.failure = '' "
    f"and {_VERSION.format('newer')} > {_VERSION.format('item')} limit 1"
)


def note(db: sqlite3.Connection, ending: Ending) -> bool:
    """Note how work ended at the attempt that started it; False when no attempt of the route did."""
    row = _attempt(db, ending)
    if row is None:
        return False
    if not ending.failure:
        db.execute("update inbox set outcome = ? where seq = ?", (COMPLETED, row["seq"]))
        return True
    db.execute("update inbox set failure = ? where seq = ?", (ending.failure, row["seq"]))
    if row["attempt"] == row["latest"] < ending.attempts and not overtaken(db, row["seq"]):
        add_attempt(db, row["seq"])
    return True


def add_attempt(db: sqlite3.Connection, seq: int) -> int:
    """Add the attempt after the one in row `seq`, the latest of its effect; returns its number."""
    copy = f"select {_COPIED}, attempt + 1, ? from inbox where seq = ? returning attempt"  # noqa: S608
    return int(db.execute(f"insert into inbox({_COPIED}, attempt, received) {copy}", (time.time(), seq)).fetchone()[0])


def overtaken(db: sqlite3.Connection, seq: int) -> bool:
    """Whether a newer version than row `seq`'s `table@version` stands in its lane, and is not known to have failed."""
    return db.execute(_OVERTAKEN, (seq,)).fetchone() is not None


def _attempt(db: sqlite3.Connection, ending: Ending) -> sqlite3.Row | None:
    """The row that started the run: by the stored id, by the token, where the target runs under it, else by the effect.

    The latter two find it also when the work ends before its start could be stored, as after a crash.
    """
    latest = "(select max(attempt) from inbox e where e.route = i.route and e.effect_key = i.effect_key)"
    known = "i.run_id <> '' and i.run_id = :run"
    named = "i.effect_key = :effect"
    ways = (
        f"{known} and (:effect = '' or {named})",
        "token(i.route, i.effect_key, i.attempt) = :run",
        f"{named} and i.attempt = {latest}",
    )
    values = {"route": ending.route, "run": ending.run_id, "effect": ending.effect_key}
    for way in ways:
        query = f"select i.seq, i.attempt, {latest} latest from inbox i where i.route = :route and {way}"  # noqa: S608
        row: sqlite3.Row | None = db.execute(query, values).fetchone()
        if row is not None:
            return row
    return None
