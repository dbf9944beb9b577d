"""One attempt of a task, from its environment to its recorded end; taken up again after the service was killed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.environments.environments import EnvironmentFailedError, build, default_cache
from local.services.cloud import Cloud
from local.services.databricks import cluster
from local.services.databricks.errors import DatabricksError
from local.services.databricks.models import Ending, Life, Result, Run, TaskRun, now
from local.services.databricks.process import Command, start
from local.services.databricks.references import resolve
from local.services.databricks.runs import Runs, canceled
from local.services.databricks.volumes import Volumes
from local.services.held_process import HeldProcess, began, outcome

POLL_SECONDS = 0.05
FAILED = "Workload failed, see run output for details"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The work on one task run; `stopping` is set when the service ends and the process is to be left alone."""

    cloud: Cloud
    runs: Runs
    run: Run
    task: TaskRun
    stopping: threading.Event

    def work(self) -> None:
        """Run the task, or watch the process that runs it already, and record its end."""
        ending = self._work()
        if ending is None:
            return
        self.runs.end_task(self.task, ending, retry_after=retry_after(self.run, self.task, ending))
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def folder(self) -> Path:
        """The attempt's own folder: its working directory and its outcome."""
        return self.cloud.state / "databricks" / str(self.task.run_id)

    @property
    def _definition(self) -> Mapping[str, Any]:
        return self.run.task(self.task.task_key)

    def _work(self) -> Ending | None:
        if self.task.pid is not None:
            old = HeldProcess(pid=self.task.pid, born=self.task.born or 0.0)
            ending = self._watch(old)
            if ending is None or began(self.folder):
                return ending
        return self._launch()

    def _launch(self) -> Ending | None:
        started = self.task.started or now()
        self.runs.set_life(self.task, Life.PENDING, started=started)
        try:
            command = self._command()
            held = start(command)
        except (DatabricksError, EnvironmentFailedError) as error:
            return _unprepared("LIBRARY_INSTALLATION_ERROR", "Library installation failed", error)
        except OSError as error:
            return _unprepared("CLUSTER_ERROR", "The task's process could not be started", error)
        self.runs.set_life(self.task, Life.RUNNING, pid=held.pid, born=held.born, executing=now())
        held.release()
        return self._watch(held)

    def _command(self) -> Command:
        definition, volumes = self._definition, Volumes(self.cloud.store)
        wheel = definition["python_wheel_task"]
        named = [f"--{name}={value}" for name, value in wheel.get("named_parameters", {}).items()]
        shutil.rmtree(self.folder, ignore_errors=True)
        return Command(
            python=build(cluster.packages(definition, self.run, volumes), default_cache()),
            package=wheel["package_name"],
            entry_point=wheel["entry_point"],
            arguments=tuple(resolve(text, self.run, self.task) for text in [*wheel.get("parameters", []), *named]),
            variables=cluster.variables(definition, self.run, self.cloud),
            folder=self.folder,
            log=log_file(self.cloud, self.task),
        )

    def _watch(self, running: HeldProcess) -> Ending | None:
        peak, reason = 0, None
        while (resident := running.resident()) is not None:
            peak = max(peak, resident)
            if self.stopping.wait(POLL_SECONDS):
                return None
            reason = reason or self._reason_to_stop()
            if reason:
                running.kill()
        running.kill()
        return reason or self._ending(running.reap(), peak)

    def _reason_to_stop(self) -> Ending | None:
        task = self.runs.task_run(self.task.run_id)
        return stopped(self.runs.get(self.run.run_id)) or _late(task.started, self._definition.get("timeout_seconds"), "task")

    def _ending(self, code: int | None, peak: int) -> Ending:
        told = outcome(self.folder)
        if told is None:
            message = "The task's process ended before it was done" + ("." if code is None else f" (exit code {code}).")
            return Ending(
                life=Life.TERMINATED, result=Result.FAILED, code="DRIVER_ERROR", message=message, error=message, peak_bytes=peak
            )
        peak = max(peak, told["peak_bytes"])
        if told["finished"]:
            return Ending(life=Life.TERMINATED, result=Result.SUCCESS, code="SUCCESS", peak_bytes=peak)
        error, trace = told.get("error"), told.get("trace")
        return Ending(
            life=Life.TERMINATED,
            result=Result.FAILED,
            code="RUN_EXECUTION_ERROR",
            message=FAILED,
            error=error,
            trace=trace,
            peak_bytes=peak,
        )


def stopped(run: Run) -> Ending | None:
    """Why nothing of this run may go on: it was canceled, or took longer than the job's timeout."""
    return canceled() if run.canceled else _late(run.started, run.settings.get("timeout_seconds"), "run")


def retry_after(run: Run, task: TaskRun, ending: Ending) -> int | None:
    """Milliseconds until the next attempt, or None when there is none; `max_retries` of -1 has no end."""
    definition = run.task(task.task_key)
    most = definition.get("max_retries", 0)
    if ending.result not in (Result.FAILED, Result.TIMEDOUT) or stopped(run):
        return None
    if ending.result is Result.TIMEDOUT and not definition.get("retry_on_timeout"):
        return None
    return None if 0 <= most <= task.attempt else int(definition.get("min_retry_interval_millis", 0))


def log_file(cloud: Cloud, task: TaskRun) -> Path:
    """Where the output of a task run is."""
    name = f"{task.task_key}.log" if task.attempt == 0 else f"{task.task_key}.{task.attempt}.log"
    return cloud.logs / "databricks" / str(task.job_run_id) / name


def _late(since: int | None, seconds: int | None, what: str) -> Ending | None:
    if not since or not seconds or now() - since < seconds * 1000:
        return None
    message = f"The {what} took longer than its timeout of {seconds} s."
    return Ending(life=Life.TERMINATED, result=Result.TIMEDOUT, code="RUN_EXECUTION_ERROR", message=message, error=message)


def _unprepared(code: str, what: str, error: Exception) -> Ending:
    message = f"{what}: {error}"
    return Ending(life=Life.INTERNAL_ERROR, result=Result.FAILED, code=code, message=message, error=message)
