"""Child processes of the language host: each in its own process group, all ended with the host."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence

GRACE_SECONDS = 3.0


class Children:
    """Starts the host's children and ends them; the terminal's ctrl-C reaches the engine alone, which then stops the host."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(
        self, command: Sequence[str], *, folder: str, environment: Mapping[str, str], piped: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a child; with `piped` its output and errors come together through `stdout`."""
        output = subprocess.PIPE if piped else None
        with self._lock:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if piped else None,
                start_new_session=True,
            )
            self._running.add(child)
        return child

    def wait(self, child: subprocess.Popen[bytes]) -> int:
        """The child's exit code, once it has ended."""
        code = child.wait()
        with self._lock:
            self._running.discard(child)
        return code

    def end(self) -> None:
        """End all children: ask, wait a little, then kill."""
        with self._lock:
            running = list(self._running)
        for child in running:
            _signal(child, signal.SIGTERM)
        for child in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(GRACE_SECONDS)
            _signal(child, signal.SIGKILL)


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
