"""The one process that runs a stack's local cloud: starts its processes, starts them again when they die, stops them all.

Run as `python -m local.supervisor STATE_DIRECTORY [--detach]`; `local.lifecycle` starts and stops it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from local.certificates import ensure_certificates
from local.disk import bound_history, bound_logs
from local.services import eventhubs
from local.services.__main__ import SERVICES
from local.services.cloud import Cloud

POLL_SECONDS = 0.1
GRACE_SECONDS = 8.0
LONGEST_WAIT_SECONDS = 5.0
STEADY_SECONDS = 10.0
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "UV")
INSTALLING = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "NO_PROXY",
    "UV_CACHE_DIR",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_FIND_LINKS",
)
"""What a service needs besides, to install a published environment; the workloads themselves never see these."""


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process that should be running: its name, command and whole environment."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]


@dataclass
class Child:
    """One supervised process: what is wanted, what runs, and when it may be started again."""

    process: Process
    popen: subprocess.Popen[bytes] | None = None
    restarts: int = 0
    started: float = 0.0
    not_before: float = 0.0


@dataclass
class Supervisor:
    """Keeps the wanted processes running; one per stack, held by a lock file."""

    cloud: Cloud
    children: dict[str, Child] = field(default_factory=dict)
    stopping: bool = False

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT, then stop the processes, the last started first."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        end_leftovers(self.cloud.state)
        bound_logs(self.cloud.logs)
        bound_history(self.cloud.state / "pulumi" / "backend" / ".pulumi")
        wanted = {process.name: process for process in platform_processes(self.cloud)}
        while not self.stopping:
            self._reconcile(wanted)
            time.sleep(POLL_SECONDS)
        for name in reversed(list(self.children)):
            end(self.children.pop(name))
        self._write()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _reconcile(self, wanted: dict[str, Process]) -> None:
        changed = False
        for name, child in list(self.children.items()):
            if wanted.get(name) != child.process:
                end(self.children.pop(name))
                changed = True
        for name, process in wanted.items():
            child = self.children.setdefault(name, Child(process))
            changed |= self._keep_running(child)
        if changed:
            self._write()

    def _keep_running(self, child: Child) -> bool:
        now = time.monotonic()
        if child.popen is not None and child.popen.poll() is None:
            return False
        if child.popen is not None:
            steady = now - child.started > STEADY_SECONDS
            child.restarts += 1
            child.not_before = now if steady else now + min(LONGEST_WAIT_SECONDS, 0.2 * 2 ** min(child.restarts, 6))
            child.popen = None
            return True
        if now < child.not_before:
            return False
        child.popen, child.started = start(self.cloud, child.process), now
        return True

    def _write(self) -> None:
        """Tell others (status, drills) what runs: name -> pid, start time, restarts."""
        rows = {name: _row(child) for name, child in self.children.items()}
        draft = self.cloud.state / "processes.draft"
        draft.write_text(json.dumps({"supervisor": {"pid": os.getpid()}, **rows}, indent=2))
        draft.replace(self.cloud.state / "processes.json")


def _row(child: Child) -> dict[str, object]:
    pid = child.popen.pid if child.popen is not None and child.popen.poll() is None else None
    return {"pid": pid, "restarts": child.restarts, "since": time.time() - (time.monotonic() - child.started)}


def platform_processes(cloud: Cloud) -> list[Process]:
    """Return the processes every stack has: broker, services and provider, in the order of their start."""
    environment = {name: os.environ[name] for name in (*PASSED_ON, *INSTALLING) if name in os.environ}
    state = str(cloud.state)
    broker = eventhubs.broker.command(eventhubs.broker.BROKER.find(), cloud.state)
    services = [
        Process(name=name, argv=[sys.executable, "-m", "local.services", name, state], environment=environment)
        for name in SERVICES
    ]
    provider = Process(name="provider", argv=[sys.executable, "-m", "local.provider", state], environment=environment)
    return [Process(name="kafka", argv=broker, environment=environment), *services, provider]


def start(cloud: Cloud, process: Process) -> subprocess.Popen[bytes]:
    """Start a process in its own group, its output appended to its log."""
    cloud.logs.mkdir(parents=True, exist_ok=True)
    with (cloud.logs / f"{process.name}.log").open("ab") as log:
        return subprocess.Popen(
            list(process.argv),
            env=dict(process.environment),
            cwd=cloud.state,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def end(child: Child) -> None:
    """Stop a process: ask, wait, then kill it and what it started."""
    if child.popen is None or child.popen.poll() is not None:
        return
    tree = _tree(child.popen.pid)
    child.popen.terminate()
    try:
        child.popen.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        child.popen.kill()
        child.popen.wait()
    _kill(tree)


def end_leftovers(state: Path) -> None:
    """Kill what a supervisor that died hard left running, known by pid and the state directory in its command line."""
    file = state / "processes.json"
    if not file.exists():
        return
    for row in json.loads(file.read_text()).values():
        pid = row.get("pid")
        if pid and pid != os.getpid() and psutil.pid_exists(pid):
            _kill([process for process in _tree(pid) if _of_this_cloud(process, state)])


def _of_this_cloud(process: psutil.Process, state: Path) -> bool:
    try:
        return str(state) in " ".join(process.cmdline()) or process.cwd().startswith(str(state))
    except psutil.Error:
        return False


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=GRACE_SECONDS)


def main() -> int:
    """Hold the stack's lock and supervise; a second supervisor of the same stack ends at once."""
    state = Path(sys.argv[1]).resolve()
    if "--detach" in sys.argv and os.fork():
        return 0
    state.mkdir(parents=True, exist_ok=True)
    with (state / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("This stack's local cloud is running already.\n")
            return 1
        ensure_certificates(state)
        Supervisor(Cloud.open(state)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
