"""The agent: carries out one run at a time as `make release` in the repository, as the stages of the pipeline do on a hosted one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from contracts.errors import FourPartError
from local.engine.agent import agent_environment
from local.lifecycle import ROOT
from local.services.cloud import Cloud
from local.services.devops.models import Result, Run, Runs, Status
from local.services.devops.orphans import VARIABLE, end_orphans, mark
from local.services.held_process import HeldProcess, began, hold, outcome

POLL_SECONDS = 0.1
CANCELLATION = ((0.0, signal.SIGINT), (7.5, signal.SIGTERM), (10.0, signal.SIGKILL))
"""Seconds after which a canceled run gets each signal, as Azure's agent sends them to a running task."""

LOST = (
    "We stopped hearing from agent local. Verify the agent machine is running and has a healthy network connection. "
    "Anything that terminates an agent process, starves it for CPU, or blocks its network access can cause this error."
)
_PROGRAM = Path(__file__).with_name("job_process.py")


class Agent:
    """Works in the executor's thread; `stopping` is set when the service ends and the process is to be left alone."""

    def __init__(self, cloud: Cloud, runs: Runs, stopping: threading.Event) -> None:
        self._cloud = cloud
        self._runs = runs
        self._stopping = stopping

    def work(self, run: Run) -> None:
        """Carry a run to its end: start it, or watch the process that a killed predecessor started."""
        folder = folder_of(self._cloud, run.id)
        if run.pid is not None:
            old = HeldProcess(pid=run.pid, born=run.born or 0.0)
            if not self._watch(run, old):
                return
            if began(folder) or run.status is Status.CANCELLING:
                self._conclude(run, old, folder)
                return
        running = self._launch(run, folder)
        if running is not None and self._watch(run, running):
            self._conclude(run, running, folder)

    def _conclude(self, run: Run, ended: HeldProcess, folder: Path) -> None:
        """Note how a run ended, after nothing of it works any more: two releases at once would be in each other's way."""
        ended.kill()
        ended.reap()
        end_orphans(folder)
        self._runs.end(run.id, *self._ending(run, folder))

    def _launch(self, run: Run, folder: Path) -> HeldProcess | None:
        """Start a run's process; None when there is none, because it can't be started or was canceled."""
        shutil.rmtree(folder, ignore_errors=True)
        stack, log = self._cloud.state.name, folder / "log.txt"
        command = ["make", "release", f"DIGEST={run.parameters['digest']}", f"STACK={stack}", f"RESULT={folder / 'result.json'}"]
        try:
            variables = {**agent_environment(self._cloud, stack), VARIABLE: mark(folder)}
            held = hold([sys.executable, "-I", _PROGRAM, folder, ROOT, *command], variables=variables, work=folder, log=log)
        except (FourPartError, OSError) as error:
            folder.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{error}\n")
            self._runs.end(run.id, Result.FAILED, str(error))
            return None
        if not self._runs.begin(run.id, held.pid, held.born):
            held.kill()
            held.reap()
            return None
        held.release()
        return held

    def _watch(self, run: Run, running: HeldProcess) -> bool:
        """Wait for the process, and end it when the run is canceled; False when the service stops before."""
        canceled, signals = 0.0, list(CANCELLATION)
        while running.resident() is not None:
            if self._stopping.wait(POLL_SECONDS):
                return False
            if self._runs.get(run.id).status is Status.CANCELLING:
                canceled = canceled or time.monotonic()
                if signals and time.monotonic() - canceled >= signals[0][0]:
                    _signal(running, signals.pop(0)[1])
        return True

    def _ending(self, run: Run, folder: Path) -> tuple[Result, str]:
        if self._runs.get(run.id).status is Status.CANCELLING:
            return Result.CANCELED, "The run was canceled."
        told = outcome(folder)
        if told is None:
            return Result.FAILED, LOST
        if told["exit_code"] == 0:
            return Result.SUCCEEDED, ""
        return Result.FAILED, _reason(folder) or f"Make exited with code '{told['exit_code']}'."


def folder_of(cloud: Cloud, run_id: int) -> Path:
    """The run's own folder: its log, its result, and how its process ended."""
    return cloud.state / "devops" / str(run_id)


def _reason(folder: Path) -> str:
    """Why the release turned the image away, where it says so."""
    try:
        told = json.loads((folder / "result.json").read_text())
    except (FileNotFoundError, ValueError):
        return ""
    return f"The image was {told['decision']}: {told['reason']}" if told.get("reason") else ""


def _signal(running: HeldProcess, number: signal.Signals) -> None:
    if running.resident() is None:
        return
    if number is signal.SIGKILL:
        running.kill()
    else:
        os.killpg(running.pid, number)
