"""The event handler: intake in one thread, actions in others, a heartbeat, and an orderly end."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from events.dispatcher import Dispatcher, RetryPolicy
from events.errors import StateHeldError
from events.inbox import Inbox
from events.intake import HUBS, Intake
from events.logs import record
from events.publisher import Publisher
from events.routes import Route
from events.settings import Settings
from events.status import Status, count, write_status

_HEARTBEAT_SECONDS = 1.0
_TOPICS_SECONDS = 10.0
_LAG_SECONDS = 60.0
"""How often the lag is logged: what an alarm of the platform reads (infra/alarms.py)."""


class Handler:
    """One replica of the handler; `run` works until `stop`."""

    def __init__(self, settings: Settings, routes: Sequence[Route], policy: RetryPolicy) -> None:
        self._settings = settings
        self._routes = routes
        self._policy = policy
        self._stop = threading.Event()
        self._expected: dict[str, int] = {}
        self._asked = 0.0
        self._told = 0.0

    def stop(self) -> None:
        """Take nothing more, finish what runs, then return from `run`; may be called from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Handle events until `stop`.

        Raises:
            StateHeldError: when another handler works on the same state directory.
            KafkaException: when another handler with the same id took over, or the client can't go on.
            sqlite3.Error: when the inbox can't be read or written.
        """
        connection = self._settings.connection
        with _held(self._settings.state), Publisher(connection) as publisher:
            inbox, progress = (Inbox(self._settings.state, durable=durable) for durable in (True, False))
            dispatcher = Dispatcher(progress, self._routes, publisher, self._policy)
            intake = Intake(connection, inbox, self._routes, self._settings.handler_id)
            try:
                self._work(intake, inbox, dispatcher)
            finally:
                intake.close()
                inbox.close()
                progress.close()

    def _work(self, intake: Intake, inbox: Inbox, dispatcher: Dispatcher) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="dispatcher") as thread:
            actions = thread.submit(dispatcher.run)
            try:
                self._take(intake, inbox, dispatcher, actions)
                self._beat(intake, inbox, "draining")
            finally:
                dispatcher.stop()
        actions.result()
        self._beat(intake, inbox, "stopped")

    def _take(self, intake: Intake, inbox: Inbox, dispatcher: Dispatcher, actions: Future[None]) -> None:
        record("start", handler=self._settings.handler_id, bus=self._settings.connection.bootstrap, pid=os.getpid())
        beat = 0.0
        while not self._stop.is_set() and not actions.done():
            if intake.step(dispatcher.depth):
                dispatcher.wake()
            if time.monotonic() - beat > _HEARTBEAT_SECONDS:
                beat = time.monotonic()
                self._beat(intake, inbox, "running")
                self._tell_lag(intake)
        record("drain", handler=self._settings.handler_id, actions=dispatcher.depth)

    def _tell_lag(self, intake: Intake) -> None:
        if intake.lag is not None and time.monotonic() - self._told > _LAG_SECONDS:
            self._told = time.monotonic()
            record("lag", handler=self._settings.handler_id, records=intake.lag)

    def _beat(self, intake: Intake, inbox: Inbox, state: str) -> None:
        if state == "running" and time.monotonic() - self._asked > _TOPICS_SECONDS:
            self._asked, self._expected = time.monotonic(), intake.expected()
        status = Status(
            pid=os.getpid(),
            handler=self._settings.handler_id,
            time=time.time(),
            state=state,
            lag=intake.lag,
            assigned=intake.assigned(),
            expected=sum(self._expected.values()),
            missing_hubs=[hub for hub in HUBS if hub not in self._expected],
            paused=intake.paused,
            bus_error=intake.error,
            counts=count(inbox),
        )
        write_status(self._settings.state, status)


@contextmanager
def _held(state: Path) -> Iterator[None]:
    """Hold the state directory for this process; the hold ends with the process, however it ends."""
    with (state / "handler.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            happened = "Another event handler works on this state directory."
            remedy = "Stop the other handler, or give this one its own HANDLER_STATE and HANDLER_ID."
            raise StateHeldError(happened, given=state, allowed="one handler for one directory", remedy=remedy) from error
        yield
