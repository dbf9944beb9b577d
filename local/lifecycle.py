"""Starts, watches and stops a stack's supervisor from outside."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from contracts.errors import FourPartError
from local.endpoints import Endpoints
from local.ports import listens, stranger
from local.progress import Step
from local.services.__main__ import SERVICES

ROOT = Path(__file__).parent.parent
DEFAULT_STACK = "dev"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
STRANGER_SECONDS = 3.0
"""After this long without an answer it is worth asking who sits on the port."""

PROCESSES = ("kafka", *SERVICES, "provider")
"""What the supervisor of each stack runs, named as its ports are."""


class CloudNotStartedError(FourPartError):
    """A process of the local cloud did not come up."""


class PortTakenError(FourPartError):
    """Somebody else listens on a port of the stack."""


class ProcessUnknownError(FourPartError):
    """The local cloud has no process of this name."""


def state_of(stack: str) -> Path:
    """Return the stack's state directory: under `.local` of the repository, or where `LOCAL_CLOUD_HOME` says."""
    return Path(os.environ.get("LOCAL_CLOUD_HOME") or ROOT / ".local") / stack


def running(state: Path) -> int | None:
    """Return the pid of the stack's live supervisor, or None."""
    pid = processes(state).get("supervisor", {}).get("pid")
    if not pid or not psutil.pid_exists(pid):
        return None
    try:
        return pid if "local.supervisor" in psutil.Process(pid).cmdline() else None
    except psutil.Error:
        return None


def processes(state: Path) -> dict[str, dict[str, Any]]:
    """What the supervisor last wrote of each of its processes: pid, restarts, since when."""
    file = state / "processes.json"
    kept: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
    return kept


def start(state: Path, step: Step) -> None:
    """Start the supervisor unless it runs, and wait until every service answers.

    Raises:
        CloudNotStartedError: when one does not answer in time; names it and its log.
        PortTakenError: when another program took a port of the stack.
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


def restart(state: Path, name: str, step: Step) -> None:
    """End one process of a running stack, and wait until the supervisor has started it again and it answers.

    Raises:
        ProcessUnknownError: when the stack has no such process.
        CloudNotStartedError: when it does not come back.
    """
    if name not in PROCESSES:
        happened = "The local cloud has no process of this name."
        raise ProcessUnknownError(happened, given=name, allowed=", ".join(PROCESSES), remedy="Name one of them.")
    old = processes(state)[name]["pid"]
    if old and psutil.pid_exists(old):
        os.kill(old, signal.SIGTERM)
    ends = time.monotonic() + START_SECONDS
    while processes(state)[name]["pid"] in {old, None}:
        if time.monotonic() > ends:
            raise _not_started(state, [name])
        time.sleep(0.1)
    _wait(state, step)


def healthy(state: Path) -> dict[str, bool]:
    """Return for each platform process whether it answers now."""
    endpoints, kept = Endpoints.of(state), processes(state)
    return {
        name: _answers(endpoints.url(name), state)
        if name in SERVICES
        else listens(kept.get(name, {}).get("pid"), getattr(endpoints, name))
        for name in PROCESSES
    }


def _wait(state: Path, step: Step) -> None:
    began = time.monotonic()
    ends = began + START_SECONDS
    while True:
        missing = [name for name, up in healthy(state).items() if not up]
        if not missing and running(state):
            step.detail = "all services answer"
            return
        step.detail = f"waiting for {', '.join(missing) or 'the supervisor'}"
        if time.monotonic() - began > STRANGER_SECONDS:
            _refuse_strangers(state, missing)
        if time.monotonic() > ends:
            raise _not_started(state, missing)
        time.sleep(0.1)


def _refuse_strangers(state: Path, missing: list[str]) -> None:
    """Raise when another program sits on a port on which one of the stack's processes should listen."""
    endpoints = Endpoints.of(state)
    for name in missing:
        port = getattr(endpoints, name)
        found = stranger(state, port)
        if found is not None:
            raise PortTakenError(
                f"Another program took the port of the local cloud's {name} while that was away.",
                given=f"port {port}: process {found.pid}, {' '.join(found.cmdline())}",
                allowed=f"port {port} free, since outputs of the stack name it",
                remedy=f"End process {found.pid} and run the command again; or make down, then make up, for other ports.",
            )


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
