"""The delivery thread: outbox -> matching subscriptions -> hub, with retries and dead letters.

Every step is a transaction on the store, so a kill at any point repeats work at most: an event may then be delivered
twice, as Event Grid may do, and is never lost.
"""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import threading
import time
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message

from local.services.chaos import Chaos, get_chaos
from local.services.cloud import Cloud
from local.services.eventgrid import retry
from local.services.eventgrid.dead_letters import DeadLetter, DeadLetters
from local.services.eventgrid.filters import UnknownOperatorError, wanted
from local.services.eventgrid.models import count, declare
from local.services.eventgrid.senders import Senders
from local.services.eventgrid.subscriptions import Subscription, UndeliverableError, all_subscriptions

POLL_SECONDS = 0.02
BATCH = 500
STOP_SECONDS = 2.0
DEAD_LETTER_WAIT = 10.0
DEAD_LETTER_SECONDS = 4 * 3600.0
"""How long Event Grid keeps trying to write a dead letter before it drops the event."""

NOT_RETRIED = ("BadRequest", "RequestEntityTooLarge", "Forbidden")
REFUSED = "insert into deliveries(event, subscription, state, due, last_attempt, outcome) values (?,?,?,?,?,?)"
OPEN = """
select d.id, d.subscription, d.state, d.attempts, d.last_attempt, d.outcome, e.body, e.raised
from deliveries d join events e on e.seq = d.event
where d.state in ('due', 'dead') and d.due <= ? order by d.due, d.id limit ?
"""

END_WAITS = """
update deliveries set due = :now where state in ('due', 'dead') and due > :now and id in (
  select d.id from deliveries d join events e on e.seq = d.event
  where d.state in ('due', 'dead') and coalesce(d.last_attempt, e.raised) > :now)
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one attempt ended; `outcome` is empty for a delivery."""

    row: sqlite3.Row
    outcome: str


class Worker:
    """Delivers the outbox until told to stop."""

    def __init__(self, cloud: Cloud) -> None:
        declare(cloud.store)
        self._cloud = cloud
        self._store = cloud.store
        self._random = random.Random()  # noqa: S311 - jitter
        self._dead_letters = DeadLetters(cloud)
        self._senders = Senders(cloud)
        self._in_flight: set[int] = set()
        self._results: list[Result] = []
        self._latest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="eventgrid-delivery", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish what is in flight, for two seconds at most, and end the thread; the rest is sent at the next start."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                busy = self.step(time.time())
                self._senders.poll()
                self._stop.wait(0 if busy else POLL_SECONDS)
            self._senders.flush(STOP_SECONDS)
            self._record(self._results, all_subscriptions(self._cloud.resources), time.time())
        finally:
            if not self._stop.is_set():
                # A service that no longer delivers must not look healthy: end, and be started again.
                signal.raise_signal(signal.SIGTERM)

    def step(self, now: float) -> bool:
        """Match new events, send what is due, record what ended; whether there was anything to do."""
        self._follow_clock(now)
        subscriptions: dict[str, Subscription] = {}
        matched, due = self._new_events(), self._due(now)
        if matched or due or self._results:
            subscriptions = all_subscriptions(self._cloud.resources)
        if matched:
            self._match(matched, subscriptions, now)
            due = self._due(now)
        for row in due:
            self._send(row, subscriptions.get(row["subscription"]), now)
        self._senders.poll()
        ended = self._results[:]
        self._results.clear()
        if ended:
            self._record(ended, subscriptions, now)
        return bool(matched or due or ended)

    def _follow_clock(self, now: float) -> None:
        """End waits that were set by a clock that has gone back since: what was raised or tried later than now is due now."""
        if now >= self._latest and self._latest:
            self._latest = now
            return
        with self._store.transaction() as connection:
            connection.execute(END_WAITS, {"now": now})
        self._latest = now

    def _new_events(self) -> list[sqlite3.Row]:
        return self._store.rows("select seq, source, body from events where matched is null order by seq limit ?", BATCH)

    def _due(self, now: float) -> list[sqlite3.Row]:
        rows = self._store.rows(OPEN, now, BATCH + len(self._in_flight))
        return [row for row in rows if row["id"] not in self._in_flight]

    def _match(self, events: list[sqlite3.Row], subscriptions: dict[str, Subscription], now: float) -> None:
        chaos = get_chaos(self._store)
        with self._store.transaction() as connection:
            for event in events:
                body = json.loads(event["body"])
                for one in subscriptions.values():
                    if one.source == event["source"].lower():
                        self._match_one(
                            connection, one, event["seq"], body, due=self._due_time(chaos, now), copies=1 + chaos.duplicate
                        )
                connection.execute("update events set matched = ? where seq = ?", (now, event["seq"]))

    def _match_one(
        self, connection: sqlite3.Connection, one: Subscription, event: int, body: dict[str, Any], *, due: float, copies: int
    ) -> None:
        try:
            passes = wanted(body, one.rules)
        except UnknownOperatorError as error:
            # Azure refuses such a subscription when it is made; here each event shows as a failed delivery.
            self._refused(connection, one, event, f"BadRequest: advanced filter operator {error}")
            return
        if passes:
            count(connection, one.id, "matched")
            rows = [(event, one.id, due)] * copies
            connection.executemany("insert into deliveries(event, subscription, state, due) values (?,?,'due',?)", rows)

    def _refused(self, connection: sqlite3.Connection, one: Subscription, event: int, outcome: str) -> None:
        now, state = time.time(), "dead" if one.dead_letters else "dropped"
        row = (event, one.id, state, now, now, outcome)
        connection.execute(REFUSED, row)
        count(connection, one.id, "failed", error=outcome)
        count(connection, one.id, "dropped", int(state == "dropped"))

    def _due_time(self, chaos: Chaos, now: float) -> float:
        return now + chaos.delay_seconds + chaos.reorder_seconds * self._random.random()

    def _send(self, row: sqlite3.Row, one: Subscription | None, now: float) -> None:
        if one is None:
            self._forget(row)
        elif row["state"] == "dead":
            self._bury(row, one, now)
        else:
            self._deliver(row, one)

    def _deliver(self, row: sqlite3.Row, one: Subscription) -> None:
        # Stays in flight until its result is recorded, so that no step in between sends it again.
        self._in_flight.add(row["id"])

        def ended(error: KafkaError | None, _message: Message) -> None:
            self._results.append(Result(row=row, outcome=_outcome(error)))

        try:
            sender, topic = self._senders.of(one.principal()), one.hub(self._cloud.resources)
            key = str(json.loads(row["body"])["subject"]).encode()
            sender.produce(topic, key=key, value=row["body"].encode(), on_delivery=ended)
        except UndeliverableError as error:
            self._results.append(Result(row=row, outcome=str(error)))
        except KafkaException as error:
            self._results.append(Result(row=row, outcome=_outcome(error.args[0])))
        except BufferError as error:
            self._results.append(Result(row=row, outcome=f"Busy: {error}"))

    def _record(self, ended: list[Result], subscriptions: dict[str, Subscription], now: float) -> None:
        with self._store.transaction() as connection:
            for result in ended:
                one, row = subscriptions.get(result.row["subscription"]), result.row
                if not result.outcome:
                    done = (row["attempts"] + 1, now, row["id"])
                    connection.execute(
                        "update deliveries set state = 'delivered', attempts = ?, last_attempt = ? where id = ?", done
                    )
                    count(connection, row["subscription"], "delivered")
                elif one is not None:
                    self._failed(connection, result, one, now)
        self._in_flight.difference_update(result.row["id"] for result in ended)

    def _failed(self, connection: sqlite3.Connection, result: Result, one: Subscription, now: float) -> None:
        row, attempts = result.row, result.row["attempts"] + 1
        over = retry.given_up(attempts, now - row["raised"], most=one.most, minutes=one.minutes)
        final = bool(over) or result.outcome.startswith(NOT_RETRIED)
        state = "due" if not final else "dead" if one.dead_letters else "dropped"
        due = now if final else now + retry.wait(attempts, self._random)
        changed = (state, due, attempts, now, result.outcome, row["id"])
        connection.execute("update deliveries set state=?, due=?, attempts=?, last_attempt=?, outcome=? where id=?", changed)
        count(connection, one.id, "failed", error=result.outcome)
        if state == "dropped":
            count(connection, one.id, "dropped")

    def _bury(self, row: sqlite3.Row, one: Subscription, now: float) -> None:
        reason = retry.given_up(row["attempts"], now - row["raised"], most=one.most, minutes=one.minutes)
        letter = DeadLetter(
            delivery=row["id"],
            body=json.loads(row["body"]),
            reason=reason or "UndeliverableDueToPermanentError",
            outcome=row["outcome"],
            attempts=row["attempts"],
            published=row["raised"],
            last_attempt=row["last_attempt"],
        )
        try:
            self._dead_letters.write(one, letter)
        except UndeliverableError as error:
            self._not_buried(row, one, str(error), now)
            return
        with self._store.transaction() as connection:
            connection.execute("update deliveries set state = 'dead-lettered' where id = ?", (row["id"],))
            count(connection, one.id, "dead_lettered")

    def _not_buried(self, row: sqlite3.Row, one: Subscription, error: str, now: float) -> None:
        late = now - row["last_attempt"] > DEAD_LETTER_SECONDS
        with self._store.transaction() as connection:
            state = "dropped" if late else "dead"
            connection.execute(
                "update deliveries set state = ?, due = ? where id = ?", (state, now + DEAD_LETTER_WAIT, row["id"])
            )
            count(connection, one.id, "dropped", int(late), error=error)

    def _forget(self, row: sqlite3.Row) -> None:
        with self._store.transaction() as connection:
            gone = ("the subscription was removed", row["id"])
            connection.execute("update deliveries set state = 'dropped', outcome = ? where id = ?", gone)


def _outcome(error: KafkaError | None) -> str:
    if error is None:
        return ""
    names = {
        KafkaError.TOPIC_AUTHORIZATION_FAILED: "Unauthorized",
        KafkaError.UNKNOWN_TOPIC_OR_PART: "NotFound",
        KafkaError._UNKNOWN_TOPIC: "NotFound",  # noqa: SLF001 - the client's own code for it
        KafkaError.MSG_SIZE_TOO_LARGE: "RequestEntityTooLarge",
        KafkaError._MSG_TIMED_OUT: "TimedOut",  # noqa: SLF001 - the client's own code for it
    }
    return f"{names.get(error.code(), 'Busy')}: {error.str()}"
