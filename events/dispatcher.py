"""Works through the inbox: one lane at a time each, a few lanes at once, retries with full jitter, dead letters."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from contracts.events import Hub
from events.envelope import parse
from events.errors import PoisonError, PublishError, RetryableError
from events.inbox import Inbox, Item
from events.lanes import Lanes
from events.logs import record
from events.publisher import Publisher, Record
from events.routes import Outcome, Route, Work

_POLL_SECONDS = 0.5
_REASON_LENGTH = 500


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Waits of `uniform(0, min(cap, base * 2^(n-1)))` seconds after try n, up to `tries`: about 12 minutes as it stands.

    Source: "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), the full-jitter variant.
    """

    tries: int = 12
    base: float = 1.0
    cap: float = 300.0

    def wait(self, tries: int, least: float = 0.0) -> float:
        """Seconds to wait after this many tries; never less than what the target asked for."""
        # Spreading load needs no secret randomness.
        return max(least, random.uniform(0, min(self.cap, self.base * 2 ** min(tries - 1, 32))))  # noqa: S311


class Dispatcher:
    """Runs in one thread of its own (`run`) and gives the actions to a few workers.

    `wake` and `stop` may be called from any thread. What is running when `stop` is called is finished; the rest stays
    in the inbox for the next start.
    """

    def __init__(
        self, inbox: Inbox, routes: Sequence[Route], publisher: Publisher, policy: RetryPolicy, workers: int = 4
    ) -> None:
        self._inbox = inbox
        self._routes = {route.name: route for route in routes}
        self._publisher = publisher
        self._policy = policy
        self._workers = workers
        self._lanes = Lanes()
        self._running: dict[Future[Outcome], Item] = {}
        self._signals: SimpleQueue[Future[Outcome] | None] = SimpleQueue()
        self._last = 0
        self._stopping = False

    @property
    def depth(self) -> int:
        """Ready items in memory, those running included."""
        return self._lanes.depth

    def wake(self) -> None:
        """Say that the inbox has new rows."""
        self._signals.put(None)

    def stop(self) -> None:
        """Start nothing more; `run` returns when the running actions have ended."""
        self._stopping = True
        self._signals.put(None)

    def run(self) -> None:
        """Work until `stop`.

        Raises:
            sqlite3.Error: when the inbox can't be read or written.
        """
        with ThreadPoolExecutor(self._workers, thread_name_prefix="action") as pool:
            while not self._stopping:
                self._admit()
                self._start(pool)
                self._settle_next()
            while self._running:
                self._settle_next()

    def _admit(self) -> None:
        for item in self._inbox.ready_after(self._last):
            item.due = self._left(item.due)
            self._lanes.add(item)
            self._last = item.seq

    def _left(self, due: float) -> float:
        """A wait found in the inbox on the clock that never goes back; a wall clock that did must not make it longer."""
        return time.monotonic() + min(self._policy.cap, max(0.0, due - time.time())) if due else 0.0

    def _start(self, pool: ThreadPoolExecutor) -> None:
        while len(self._running) < self._workers and (item := self._lanes.take(time.monotonic())) is not None:
            if not item.reason:
                self._inbox.begin(item)
            future = pool.submit(self._task(item), item)
            self._running[future] = item
            future.add_done_callback(self._signals.put)

    def _settle_next(self) -> None:
        due = self._lanes.next_due()
        wait = _POLL_SECONDS if due is None else min(_POLL_SECONDS, max(0.0, due - time.monotonic()))
        try:
            signal = self._signals.get(timeout=wait)
        except Empty:
            return
        if signal is not None:
            self._settle(self._running.pop(signal), signal)

    def _settle(self, item: Item, future: Future[Outcome]) -> None:
        error = future.exception()
        if error is None:
            self._finish(item, future.result())
        elif not item.reason and (isinstance(error, PoisonError) or item.tries >= self._policy.tries):
            self._inbox.condemn(item, _text(error))
            self._lanes.put_off(item)
        else:
            self._put_off(item, error)

    def _finish(self, item: Item, outcome: Outcome) -> None:
        outcome = self._inbox.finish(item, outcome)
        self._lanes.finish(item)
        level = logging.ERROR if outcome.state == "dead" else logging.INFO
        record(outcome.state, level=level, **_facts(item), detail=outcome.detail, run=outcome.run_id)

    def _put_off(self, item: Item, error: BaseException) -> None:
        least = error.after if isinstance(error, RetryableError) else 0.0
        wait = self._policy.wait(max(item.tries, 1), least)
        self._inbox.postpone(item, time.time() + wait, _text(error))
        item.due = time.monotonic() + wait
        self._lanes.put_off(item)
        record("retry", level=logging.WARNING, **_facts(item), seconds=round(wait, 2), error=_text(error))

    def _task(self, item: Item) -> Callable[[Item], Outcome]:
        if item.reason:
            return self._bury
        route = self._routes.get(item.route)
        # A later attempt is asked for, by a person or after a failure, and so not passed over.
        if route is not None and route.newest_only and item.attempt == 1 and self._inbox.overtaken(item):
            return _pass_over
        return self._act

    def _act(self, item: Item) -> Outcome:
        route = self._routes.get(item.route)
        if route is None:
            msg = f"this handler has no route named {item.route}"
            raise PoisonError(msg)
        return route.act(Work(event=parse(item.body), effect_key=item.effect_key, attempt=item.attempt, token=item.token))

    def _bury(self, item: Item) -> Outcome:
        facts = {"effect_key": item.effect_key, "attempt": item.attempt, "tries": item.tries, "place": item.place}
        headers = {"reason": item.reason, "route": item.route, **{name: str(fact) for name, fact in facts.items()}}
        key = item.lane.encode("ascii", "replace").decode()
        self._publisher.send(Record(hub=Hub.DEAD_LETTER, key=key, value=item.body, headers=headers))
        return Outcome(state="dead", detail=item.reason)


def _pass_over(_: Item) -> Outcome:
    return Outcome(state="ignored", detail="overtaken by a newer version")


def _facts(item: Item) -> dict[str, object]:
    return {"route": item.route, "effect_key": item.effect_key, "attempt": item.attempt, "tries": item.tries}


def _text(error: BaseException) -> str:
    known = (PoisonError, RetryableError, PublishError)
    return (str(error) if isinstance(error, known) else f"{type(error).__name__}: {error}")[:_REASON_LENGTH]
