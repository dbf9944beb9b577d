"""The log of requests and predictions: written to storage in batches by a thread, never waited for by an answer."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import obstore
import orjson
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

MOST_WAITING, MOST_ROWS = 10_000, 2_000
EVERY_SECONDS, PAUSE_SECONDS, LAST_SECONDS = 5.0, 1.0, 10.0
TRIES = 3


class ScoringLog:
    """Rows go into a bounded queue; a full queue drops them, and so does storage that fails three times, and both are counted.

    Objects are `scoring/<yyyy>/<mm>/<dd>/<digest>-<host>-<start>-<sequence>.jsonl`, one JSON object a line.
    """

    def __init__(self, url: str, digest: str, name: str) -> None:
        self._url = url
        self._prefix = f"{digest.removeprefix('sha256:')[:12]}-{name}-{int(time.time())}"
        self._rows: queue.Queue[Mapping[str, Any]] = queue.Queue(MOST_WAITING)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="scoring-log", daemon=True)
        self._sequence = 0
        self.dropped = self.written = self.failures = 0

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        self._over.set()
        self._thread.join(LAST_SECONDS)

    def add(self, row: Mapping[str, Any]) -> None:
        """Log a row, or drop it when too many wait."""
        try:
            self._rows.put_nowait(row)
        except queue.Full:
            self.dropped += 1

    def _loop(self) -> None:
        while not self._over.is_set() or not self._rows.empty():
            if rows := self._taken():
                self._keep(rows)

    def _taken(self) -> list[Mapping[str, Any]]:
        """The rows of the next seconds."""
        rows: list[Mapping[str, Any]] = []
        ends = time.monotonic() + EVERY_SECONDS
        while len(rows) < MOST_ROWS and time.monotonic() < ends:
            try:
                rows.append(self._rows.get(timeout=0.2))
            except queue.Empty:
                if self._over.is_set():
                    break
        return rows

    def _keep(self, rows: list[Mapping[str, Any]]) -> None:
        """Write one object; rows that storage does not take are dropped."""
        content = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        name = f"scoring/{datetime.now(UTC):%Y/%m/%d}/{self._prefix}-{self._sequence:06d}.jsonl"
        for _ in range(TRIES):
            try:
                obstore.put(_open(self._url), name, content)
            except (BaseError, OSError, ValueError) as error:
                self.failures += 1
                sys.stderr.write(f"scoring log: {type(error).__name__}: {str(error)[:300]}\n")
                self._over.wait(PAUSE_SECONDS)
            else:
                self._sequence += 1
                self.written += len(rows)
                return
        self.dropped += len(rows)


def _open(url: str) -> ObjectStore:
    return from_url(url) if "://" in url else LocalStore(Path(url), mkdir=True)
