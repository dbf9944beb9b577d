"""Runs the jobs: one thread decides what may start, one thread per task run works; all they know is in the store."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import threading
from typing import IO

from local.services.cloud import Cloud
from local.services.databricks import graph
from local.services.databricks.attempt import Attempt, stopped
from local.services.databricks.models import TABLES, Ending, Life, Result, Run, TaskRun, now
from local.services.databricks.runs import Runs
from local.services.databricks.validate import upstream

POLL_SECONDS = 0.1
WORKSPACE = "Microsoft.Databricks/workspaces"


class Executor:
    """Carries all runs of the workspace to their end, those of a killed predecessor too."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._runs = Runs(cloud.store)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._workers: dict[int, threading.Thread] = {}
        self._thread = threading.Thread(target=self._loop, name="databricks-executor", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop deciding and watching; processes of tasks go on and are found again at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()
        for worker in self._workers.values():
            worker.join(1.0)

    def wake(self) -> None:
        """Look at the runs now rather than at the next poll."""
        self._wake.set()

    def _loop(self) -> None:
        try:
            with (self._cloud.state / "databricks.lock").open("ab") as lock:
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
        """Wait until a predecessor that still ends has let go: two executors would run tasks twice."""
        while not self._stopping.is_set():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._stopping.wait(POLL_SECONDS)
            else:
                return

    def _tick(self) -> None:
        self._collect()
        there = bool(self._cloud.resources.of_type(WORKSPACE))
        if not there:
            self._cancel_all()
        self._runs.start_queued()
        active = self._runs.active()
        for run in active:
            self._advance(run)
        if not there and not active and not self._workers:
            self._forget()

    def _collect(self) -> None:
        """Let go of workers that ended; one that recorded nothing met an unforeseen error, which ends its task run."""
        for run_id, worker in list(self._workers.items()):
            if worker.is_alive():
                continue
            del self._workers[run_id]
            task = self._runs.task_run(run_id)
            if not task.over and not self._stopping.is_set():
                message = "The local cloud failed to run the task; the service's log says why."
                ending = Ending(life=Life.INTERNAL_ERROR, result=Result.FAILED, code="INTERNAL_ERROR", message=message)
                self._runs.end_task(task, ending)

    def _advance(self, run: Run) -> None:
        tasks = self._runs.tasks(run)
        for task in tasks.values():
            if not task.over:
                self._step(run, task, tasks)
        tasks = self._runs.tasks(run)
        if all(task.over for task in tasks.values()):
            timed_out = any(task.result is Result.TIMEDOUT for task in tasks.values())
            reason = stopped(run) if run.canceled or timed_out else None
            self._runs.end_run(run, reason or graph.outcome(run, tasks))
            self._wake.set()

    def _step(self, run: Run, task: TaskRun, tasks: dict[str, TaskRun]) -> None:
        if task.life in (Life.PENDING, Life.RUNNING):
            self._work(run, task)
        elif ending := stopped(run):
            self._runs.end_task(task, ending)
        elif task.life is Life.WAITING_FOR_RETRY and task.not_before <= now():
            self._runs.set_life(task, Life.PENDING)
            self._work(run, task)
        elif task.life is Life.BLOCKED:
            self._unblock(run, task, tasks)

    def _unblock(self, run: Run, task: TaskRun, tasks: dict[str, TaskRun]) -> None:
        definition = run.task(task.task_key)
        needed = [tasks[name] for name in upstream(definition)]
        if not all(item.over for item in needed):
            return
        ending = graph.decide(definition, [item.result for item in needed if item.result])
        if ending:
            self._runs.end_task(task, ending)
            self._wake.set()
        else:
            self._runs.set_life(task, Life.PENDING)
            self._work(run, task)

    def _work(self, run: Run, task: TaskRun) -> None:
        if task.run_id in self._workers:
            return
        attempt = Attempt(cloud=self._cloud, runs=self._runs, run=run, task=task, stopping=self._stopping)
        worker = threading.Thread(target=self._worked, args=(attempt,), name=f"task-run-{task.run_id}", daemon=True)
        self._workers[task.run_id] = worker
        worker.start()

    def _worked(self, attempt: Attempt) -> None:
        attempt.work()
        self._wake.set()

    def _cancel_all(self) -> None:
        if self._cloud.store.row("select 1 from databricks_runs where canceled = 0 and ended is null") is None:
            return
        with self._cloud.store.transaction() as connection:
            connection.execute("update databricks_runs set canceled = 1 where ended is null")

    def _forget(self) -> None:
        """A deleted workspace takes its jobs, runs and files with it."""
        if all(self._cloud.store.row(f"select 1 from {table}") is None for table in TABLES):  # noqa: S608 - our tables
            return
        with self._cloud.store.transaction() as connection:
            for table in TABLES:
                connection.execute(f"delete from {table}")  # noqa: S608 - our tables
        for folder in (self._cloud.state / "volumes", self._cloud.state / "databricks"):
            shutil.rmtree(folder, ignore_errors=True)
