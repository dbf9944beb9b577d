"""Gives the agent its runs, one after the other; all that is known of them is in the store."""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from typing import IO

from local.services.cloud import Cloud
from local.services.devops.agent import POLL_SECONDS, Agent
from local.services.devops.models import Runs


class Executor:
    """Carries all runs to their end, that of a killed predecessor first."""

    def __init__(self, cloud: Cloud, runs: Runs) -> None:
        self._cloud = cloud
        self._runs = runs
        self._stopping = threading.Event()
        self._agent = Agent(cloud, runs, self._stopping)
        self._thread = threading.Thread(target=self._loop, name="devops-agent", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; the process of a run goes on and is found again at the next start."""
        self._stopping.set()
        self._thread.join()

    def _loop(self) -> None:
        try:
            with (self._cloud.state / "devops.lock").open("ab") as lock:
                self._alone(lock)
                while not self._stopping.is_set():
                    run = self._runs.next()
                    if run is not None:
                        self._agent.work(run)
                    self._stopping.wait(POLL_SECONDS)
        finally:
            if not self._stopping.is_set():
                # An unforeseen error must not leave a service that answers and runs nothing: its supervisor starts it again.
                os.kill(os.getpid(), signal.SIGTERM)

    def _alone(self, lock: IO[bytes]) -> None:
        """Wait until a predecessor that still ends has let go: two agents would run two releases at once."""
        while not self._stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._stopping.wait(POLL_SECONDS)
            else:
                return
