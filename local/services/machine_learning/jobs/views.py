"""A run as Resource Manager and run history show it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from local.services.arm import sas
from local.services.cloud import Cloud
from local.services.machine_learning.jobs.models import Job
from local.services.machine_learning.jobs.places import STEP_LOG, Place
from local.services.machine_learning.runs import Run, RunKind, Runs, Status

RUN_LOGS = "/runlogs/"
ROOT_LOG = "logs/azureml/executionlogs.txt"
TYPE = "Microsoft.MachineLearningServices/workspaces/jobs"


def job_view(cloud: Cloud, runs: Runs, run: Run, job: Job) -> dict[str, Any]:
    """The JobBase document of a pipeline job."""
    base = cloud.endpoints.url("arm")
    services = {
        "Tracking": {"jobServiceType": "Tracking", "endpoint": f"{base}/mlflow/v1.0{run.workspace}"},
        "Studio": {"jobServiceType": "Studio", "endpoint": f"{base}/runs/{run.run_id}?wsid={run.workspace}"},
    }
    told: dict[str, Any] = {
        "jobType": "Pipeline",
        "status": str(run.status),
        "displayName": run.name,
        "services": services,
        "tags": runs.texts(run.run_id, "tag"),
        "properties": runs.texts(run.run_id, "property"),
        "isArchived": False,
        "computeId": job.body.get("computeId"),
        "inputs": job.body.get("inputs") or {},
        "outputs": job.body.get("outputs") or {},
        "settings": job.body.get("settings") or {},
        "jobs": {},
    }
    when = {"createdAt": _iso(run.created), "createdBy": job.creator, "createdByType": "Application"}
    return {**_named(run), "properties": {**job.body, **told}, "systemData": when}


def child_view(run: Run) -> dict[str, Any]:
    """A step has no properties here: clients then ask run history."""
    return {**_named(run), "properties": None}


def history_view(runs: Runs, run: Run) -> dict[str, Any]:
    """A run as run history gives it."""
    failed = {"error": {"error": {"code": "UserError", "message": run.error}}} if run.status is Status.FAILED else {}
    return {
        "runId": run.run_id,
        "parentRunId": run.parent or None,
        "rootRunId": run.root,
        "experimentId": run.experiment,
        "displayName": run.name,
        "runType": str(run.kind),
        "status": str(run.status),
        "createdUtc": _iso(run.created),
        "startTimeUtc": _iso(run.started),
        "endTimeUtc": _iso(run.ended),
        "tags": runs.texts(run.run_id, "tag"),
        "properties": runs.texts(run.run_id, "property"),
        **failed,
    }


def details_view(cloud: Cloud, runs: Runs, run: Run) -> dict[str, Any]:
    """A run with the signed addresses of its log files."""
    return {**history_view(runs, run), "logFiles": {name: _address(cloud, run, name) for name in _logs(cloud, run)}}


def log_text(cloud: Cloud, runs: Runs, run: Run, name: str) -> str | None:
    """The text of a run's log file, or None."""
    if name not in _logs(cloud, run):
        return None
    if run.kind is RunKind.PIPELINE:
        return execution_log(run, runs.children(run.run_id))
    return Place.of(cloud, run.root, run.name).log.read_text(errors="replace")


def execution_log(run: Run, steps: list[Run]) -> str:
    """What happened to a pipeline run, a line each in the order of time, so that a reader that counts lines misses none."""
    lines = [(run.created, "Run is submitted.")]
    for step in steps:
        if step.started:
            lines.append((step.started, f"{step.name} [{step.run_id}] is running."))
        if step.ended:
            lines.append((step.ended, f"{step.name} [{step.run_id}] is {step.status}. {' | '.join(step.error.splitlines())}"))
    if run.ended:
        lines.append((run.ended, f"Run is {run.status}."))
    return "".join(f"[{_iso(when)}] {text.rstrip()}\n" for when, text in sorted(lines))


def _logs(cloud: Cloud, run: Run) -> list[str]:
    if run.kind is RunKind.PIPELINE:
        return [ROOT_LOG]
    return [STEP_LOG] if run.kind is RunKind.STEP and Place.of(cloud, run.root, run.name).log.exists() else []


def _address(cloud: Cloud, run: Run, name: str) -> str:
    path = f"{RUN_LOGS}{run.run_id}/{name}"
    return f"{cloud.endpoints.url('arm')}{path}?{sas.signed(cloud, path)}"


def _named(run: Run) -> dict[str, Any]:
    return {"id": f"{run.workspace}/jobs/{run.run_id}", "name": run.run_id, "type": TYPE}


def _iso(seconds: float | None) -> str | None:
    return (
        None
        if seconds is None
        else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
