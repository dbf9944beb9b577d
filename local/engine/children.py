"""Child processes of the language host: each in its own process group, all ended with the host."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import SimpleQueue
from typing import IO

GRACE_SECONDS = 3.0


class Children:
    """Starts the host's children and ends them; the terminal's ctrl-C reaches the engine alone, which then stops the host."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()

    def start(
        self, command: Sequence[str], *, folder: str, environment: Mapping[str, str], piped: bool = False
    ) -> subprocess.Popen[bytes]:
        """Start a child; with `piped` its output is read with `streamed`, else it is the host's own."""
        output = subprocess.PIPE if piped else None
        with self._lock:
            child = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
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


def streamed(child: subprocess.Popen[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Lines of a piped child as they come, until it closes both streams: (whether it is an error line, the line)."""
    lines: SimpleQueue[tuple[bool, bytes]] = SimpleQueue()
    streams = ((False, child.stdout), (True, child.stderr))
    readers = [threading.Thread(target=_drain, args=(stream, mark, lines), daemon=True) for mark, stream in streams]
    for reader in readers:
        reader.start()
    closed = 0
    while closed < len(readers):
        mark, line = lines.get()
        if line:
            yield mark, line
        else:
            closed += 1


def _drain(stream: IO[bytes], mark: bool, lines: SimpleQueue[tuple[bool, bytes]]) -> None:  # noqa: FBT001 - names the stream
    for line in stream:
        lines.put((mark, line))
    lines.put((mark, b""))


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
