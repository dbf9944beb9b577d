"""Runs the jobs: one thread decides what may start, one thread per step works; all they know is in the store."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import threading
from typing import IO

from local.services.cloud import Cloud
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.jobs.attempt import Attempt
from local.services.machine_learning.jobs.models import Job, Jobs
from local.services.machine_learning.jobs.places import jobs_folder
from local.services.machine_learning.runs import Run, Runs, Status
from local.services.machine_learning.workspace import WORKSPACE

POLL_SECONDS = 0.1
MOST_STEPS = 2
"""Steps that run at once, of all jobs: more would only take turns on a small machine."""


class Executor:
    """Carries all jobs to their end, those of a killed predecessor too."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._runs = Runs(cloud.store)
        self._jobs = Jobs(cloud.store)
        self._documents = Documents(cloud.store)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._workers: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._loop, name="jobs-executor", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop deciding and watching; processes of steps go on and are found again at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        for worker in self._workers.values():
            worker.join(1.0)

    def wake(self) -> None:
        """Look at the jobs now rather than at the next poll."""
        self._wake.set()

    def _loop(self) -> None:
        try:
            with (self._cloud.state / "machine_learning.lock").open("ab") as lock:
                self._alone(lock)
                while not self._stopping.is_set():
                    self._tick()
                    self._wake.wait(POLL_SECONDS)
                    self._wake.clear()
        finally:
            if not self._stopping.is_set():
                # An unforeseen error must not leave a service that answers and runs nothing: its supervisor starts it again.
                os.kill(os.getpid(), signal.SIGTERM)

    def _alone(self, lock: IO[bytes]) -> None:
        """Wait until a predecessor that still ends has let go: two executors would run steps twice."""
        while not self._stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._stopping.wait(POLL_SECONDS)
            else:
                return

    def _tick(self) -> None:
        self._collect()
        there = {item.id.lower() for item in self._cloud.resources.of_type(WORKSPACE)}
        for run in self._runs.open():
            job = self._jobs.get(run.run_id)
            if job is None:
                continue
            if job.workspace not in there and not run.canceled:
                self._runs.cancel(run.run_id)
            self._advance(job, run)
        if not self._workers:
            self._forget(there)

    def _collect(self) -> None:
        """Let go of workers that ended; one that recorded nothing met an unforeseen error, which ends its step."""
        for run_id, worker in list(self._workers.items()):
            if worker.is_alive():
                continue
            del self._workers[run_id]
            if not self._stopping.is_set():
                text = "The local cloud failed to run the step; the service's log says why."
                self._runs.set_status(run_id, Status.FAILED, error=text)

    def _advance(self, job: Job, run: Run) -> None:
        self._runs.set_status(run.run_id, Status.RUNNING)
        steps = {step.name: step for step in self._runs.children(run.run_id)}
        failed = any(step.status is Status.FAILED for step in steps.values())
        if failed and not job.setting("continue_on_step_failure"):
            self._stop_rest(steps)
        # Those that hold a process come first, so that what a predecessor started is watched again.
        for step in sorted(steps.values(), key=lambda item: item.status not in (Status.RUNNING, Status.PREPARING)):
            if not step.over:
                self._step(job, step, steps)
        ended = self._runs.children(run.run_id)
        if all(step.over for step in ended):
            self._end(run.run_id, ended)

    def _step(self, job: Job, step: Run, steps: dict[str, Run]) -> None:
        if step.status in (Status.RUNNING, Status.PREPARING):
            self._work(job, step)
            return
        needed = [steps[source] for source, _ in job.step(step.name).upstream.values()]
        if step.canceled or any(item.over and item.status is not Status.COMPLETED for item in needed):
            self._runs.set_status(step.run_id, Status.CANCELED)
            self._wake.set()
        elif all(item.over for item in needed):
            if len(self._workers) < MOST_STEPS:
                self._work(job, step)
            else:
                self._runs.set_status(step.run_id, Status.QUEUED)

    def _stop_rest(self, steps: dict[str, Run]) -> None:
        for step in steps.values():
            if not step.over and not step.canceled:
                self._runs.cancel(step.run_id)

    def _work(self, job: Job, step: Run) -> None:
        if step.run_id in self._workers:
            return
        attempt = Attempt(
            cloud=self._cloud,
            runs=self._runs,
            jobs=self._jobs,
            documents=self._documents,
            job=job,
            step=job.step(step.name),
            row=self._jobs.row(step.run_id),
            stopping=self._stopping,
        )
        worker = threading.Thread(target=self._worked, args=(attempt,), name=f"step-{step.run_id}", daemon=True)
        self._workers[step.run_id] = worker
        worker.start()

    def _worked(self, attempt: Attempt) -> None:
        attempt.work()
        self._wake.set()

    def _end(self, run_id: str, steps: list[Run]) -> None:
        failed = next((step for step in steps if step.status is Status.FAILED), None)
        if failed is not None:
            self._runs.set_status(run_id, Status.FAILED, error=f"The step '{failed.name}' failed: {failed.error}")
        elif any(step.status is Status.CANCELED for step in steps):
            self._runs.set_status(run_id, Status.CANCELED)
        else:
            self._runs.set_status(run_id, Status.COMPLETED)

    def _forget(self, there: set[str]) -> None:
        """A deleted workspace takes its jobs with it, and their files."""
        for workspace in self._jobs.workspaces() - there:
            for run_id in self._jobs.listed(workspace):
                shutil.rmtree(jobs_folder(self._cloud) / run_id, ignore_errors=True)
            self._jobs.forget(workspace)
