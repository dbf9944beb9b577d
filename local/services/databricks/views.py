"""Jobs, runs and task runs as the Jobs API 2.2 shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from local.services.cloud import Cloud
from local.services.databricks.attempt import log_file
from local.services.databricks.models import OVER, Job, Life, Result, Run, TaskRun

STATUS = {
    Life.QUEUED: "QUEUED",
    Life.BLOCKED: "BLOCKED",
    Life.PENDING: "PENDING",
    Life.WAITING_FOR_RETRY: "WAITING",
    Life.RUNNING: "RUNNING",
}
"""The `status.state` of each state that is not over; those that are over are all TERMINATED."""

LOG_BYTES = 5 * 2**20
"""What Databricks keeps of a task's output."""

_GOOD = frozenset({Result.SUCCESS, Result.SUCCESS_WITH_FAILURES, Result.EXCLUDED})


def job_view(job: Job, *, expand: bool = True) -> dict[str, Any]:
    """A job; without `expand` its tasks and clusters are left out, as in lists."""
    left_out = frozenset() if expand else frozenset({"tasks", "job_clusters", "environments", "parameters"})
    settings = {name: value for name, value in job.settings.items() if name not in left_out}
    return {"job_id": job.job_id, "creator_user_name": job.creator, "created_time": job.created, "settings": settings}


def run_view(run: Run, host: str) -> dict[str, Any]:
    """A run without its tasks."""
    end = run.ended or 0
    return {
        "job_id": run.job_id,
        "run_id": run.run_id,
        "job_run_id": run.run_id,
        "number_in_job": run.run_id,
        "creator_user_name": run.creator,
        "run_name": run.settings["name"],
        "run_type": "JOB_RUN",
        "run_page_url": f"{host}/#job/{run.job_id}/run/{run.run_id}",
        "trigger": "ONE_TIME",
        "job_parameters": [{"name": name, "value": value} for name, value in run.parameters.items()],
        "start_time": run.started or run.asked,
        "end_time": end,
        "run_duration": end - (run.started or run.asked) if end else 0,
        "queue_duration": (run.started or end or run.asked) - run.asked,
        **_state(run.life, run.result, run.code, run.message),
    }


def task_view(task: TaskRun, run: Run, cloud: Cloud, host: str) -> dict[str, Any]:
    """A task run: its definition, its state, and under `local` what only this machine knows."""
    start, executing, end = task.started or 0, task.executing or 0, task.ended or 0
    return {
        **run.task(task.task_key),
        "run_id": task.run_id,
        "attempt_number": task.attempt,
        "run_page_url": f"{host}/#job/{run.job_id}/run/{task.run_id}",
        "start_time": start,
        "end_time": end,
        "setup_duration": (executing or end) - start if start else 0,
        "execution_duration": end - executing if executing and end else 0,
        **_state(task.life, task.result, task.code, task.message),
        "local": {"pid": task.pid, "peak_bytes": task.peak_bytes, "log": str(log_file(cloud, task))},
    }


def output_view(task: TaskRun, run: Run, cloud: Cloud, host: str) -> dict[str, Any]:
    """What a task run wrote and why it failed."""
    logs, truncated = _tail(log_file(cloud, task))
    shown: dict[str, Any] = {"metadata": task_view(task, run, cloud, host), "logs": logs, "logs_truncated": truncated}
    return shown | {name: value for name, value in (("error", task.error), ("error_trace", task.trace)) if value}


def _state(life: Life, result: Result | None, code: str | None, message: str) -> dict[str, Any]:
    """The state in both of its forms, `state` and the newer `status`."""
    state: dict[str, Any] = {"life_cycle_state": life, "state_message": message, "user_cancelled_or_timedout": False}
    if result is None:
        status: dict[str, Any] = {"state": STATUS[life]}
        if life is Life.QUEUED:
            state["queue_reason"] = "Queued due to reaching maximum concurrent runs of 1 job."
            status["queue_details"] = {"code": "MAX_CONCURRENT_RUNS_REACHED", "message": state["queue_reason"]}
        return {"state": state, "status": status}
    state["result_state"] = result
    state["user_cancelled_or_timedout"] = result in (Result.CANCELED, Result.TIMEDOUT)
    kind = "SUCCESS" if result in _GOOD else "INTERNAL_ERROR" if code == "INTERNAL_ERROR" else "CLIENT_ERROR"
    details = {"code": code, "type": kind, "message": message}
    return {"state": state, "status": {"state": "TERMINATED" if life in OVER else STATUS[life], "termination_details": details}}


def _tail(file: Path) -> tuple[str, bool]:
    if not file.exists():
        return "", False
    with file.open("rb") as log:
        size = log.seek(0, 2)
        log.seek(max(0, size - LOG_BYTES))
        return log.read().decode(errors="replace"), size > LOG_BYTES
