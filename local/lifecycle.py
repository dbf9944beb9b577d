"""Starts, watches and stops a stack's supervisor from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

from contracts.errors import FourPartError
from local.endpoints import HOST, Endpoints
from local.progress import Step
from local.services.__main__ import SERVICES

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class CloudNotStartedError(FourPartError):
    """A process of the local cloud did not come up."""


def state_of(stack: str) -> Path:
    """Return the stack's state directory: under `.local` of the repository, or where `LOCAL_CLOUD_HOME` says."""
    return Path(os.environ.get("LOCAL_CLOUD_HOME") or ROOT / ".local") / stack


def running(state: Path) -> int | None:
    """Return the pid of the stack's live supervisor, or None."""
    file = state / "processes.json"
    pid = json.loads(file.read_text())["supervisor"]["pid"] if file.exists() else None
    if not pid or not psutil.pid_exists(pid):
        return None
    try:
        return pid if "local.supervisor" in psutil.Process(pid).cmdline() else None
    except psutil.Error:
        return None


def start(state: Path, step: Step) -> None:
    """Start the supervisor unless it runs, and wait until every service answers.

    Raises:
        CloudNotStartedError: when one does not answer in time; names it and its log.
    """
    state.mkdir(parents=True, exist_ok=True)
    if running(state) is None:
        (state / "logs").mkdir(exist_ok=True)
        with (state / "logs" / "supervisor.log").open("ab") as log:
            command = [sys.executable, "-m", "local.supervisor", str(state), "--detach"]
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, check=True)
    _wait(state, step)


def stop(state: Path) -> None:
    """Stop the supervisor and all it runs; the state stays."""
    pid = running(state)
    if pid is None:
        return
    process = psutil.Process(pid)
    os.kill(pid, signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        for child in [*process.children(recursive=True), process]:
            child.kill()


def healthy(state: Path) -> dict[str, bool]:
    """Return for each platform process whether it answers now."""
    endpoints = Endpoints.of(state)
    answers = {name: _answers(endpoints.url(name), state) for name in SERVICES}
    return {"kafka": _listens(endpoints.kafka), **answers, "provider": _listens(endpoints.provider)}


def _wait(state: Path, step: Step) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        missing = [name for name, up in healthy(state).items() if not up]
        if not missing and running(state):
            step.detail = "all services answer"
            return
        step.detail = f"waiting for {', '.join(missing) or 'the supervisor'}"
        if time.monotonic() > ends:
            raise _not_started(state, missing)
        time.sleep(0.1)


def _not_started(state: Path, missing: list[str]) -> CloudNotStartedError:
    name = missing[0] if missing else "supervisor"
    log = state / "logs" / f"{name}.log"
    tail = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
    happened = f"The local cloud's {name} did not answer in {START_SECONDS:.0f} s."
    return CloudNotStartedError(
        happened,
        given=" | ".join(tail) or "no output",
        allowed="an answer on its port",
        remedy=f"Read {log}, then run the command again.",
    )


def _answers(url: str, state: Path) -> bool:
    authority = state / "tls" / "ca.pem"
    if not authority.exists():
        return False
    try:
        context = ssl.create_default_context(cafile=str(authority))
        with urllib.request.urlopen(f"{url}/health", timeout=2, context=context) as answer:  # noqa: S310 - a loopback https address
            return answer.status == 200  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
