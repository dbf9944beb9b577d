"""PUT of a job: checked whole before anything is recorded, then recorded whole."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from local.services.arm.errors import conflict, invalid, not_emulated
from local.services.cloud import Cloud
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.jobs import surroundings
from local.services.machine_learning.jobs.models import Job, Jobs, settings, step_id
from local.services.machine_learning.jobs.plan import steps_of
from local.services.machine_learning.runs import Run, RunKind, Runs, Status
from local.services.machine_learning.workspace import Workspace

SETTINGS = frozenset({"default_compute", "force_rerun", "continue_on_step_failure", "source"})
TAKEN = frozenset(
    {
        *("jobType", "componentId", "experimentName", "displayName", "description", "tags", "properties", "inputs"),
        *("settings", "computeId", "isArchived", "services", "status"),
    }
)
"""Properties of a job that mean something here; another one that is set is refused by name."""
_NAME = re.compile(r"[a-zA-Z0-9][\w-]{0,254}")
DEFAULT_EXPERIMENT = "Default"


def submit(cloud: Cloud, workspace: Workspace, name: str, properties: Mapping[str, Any], creator: str) -> None:
    """Record a pipeline job and its steps, to be run.

    Raises:
        ArmError: 400, 404 or 501 naming what does not fit; 409 Conflict when the name is taken.
    """
    if Runs(cloud.store).get(name) is not None:
        raise _taken(name)
    job = _job(cloud, workspace, name, properties, creator)
    try:
        _record(cloud, workspace, job)
    except sqlite3.IntegrityError as error:
        raise _taken(name) from error


def _job(cloud: Cloud, workspace: Workspace, name: str, properties: Mapping[str, Any], creator: str) -> Job:
    _check(name, properties)
    compute = str(properties.get("computeId") or settings(properties).get("default_compute") or "")
    component, given = str(properties["componentId"]), properties.get("inputs") or {}
    steps = steps_of(Documents(cloud.store), component, given, compute)
    for step in steps:
        surroundings.principal(cloud, surroundings.cluster(cloud, workspace.arm_id, step.compute))
        surroundings.account(step)
    return Job(run_id=name, workspace=workspace.arm_id, creator=creator, body=dict(properties), steps=steps)


def _check(name: str, properties: Mapping[str, Any]) -> None:
    if not _NAME.fullmatch(name):
        raise invalid(f"The job name '{name}' is not one of at most 255 letters, digits, _ and -.")
    if properties.get("jobType") != "Pipeline":
        raise not_emulated(f"jobs of type {properties.get('jobType')}")
    if not properties.get("componentId"):
        raise not_emulated("a pipeline job without a published component (componentId)")
    if extra := sorted(key for key, value in properties.items() if key not in TAKEN and value):
        raise not_emulated(f"{', '.join(extra)} of a pipeline job")
    if extra := sorted(key for key, value in settings(properties).items() if key not in SETTINGS and value):
        raise not_emulated(f"the settings {', '.join(extra)} of a pipeline job")


def _record(cloud: Cloud, workspace: Workspace, job: Job) -> None:
    runs, jobs, now = Runs(cloud.store), Jobs(cloud.store), time.time()
    with cloud.store.transaction() as connection:
        experiment = runs.experiment(connection, workspace.arm_id, str(job.body.get("experimentName") or DEFAULT_EXPERIMENT))

        def run(run_id: str, parent: str, kind: RunKind, name: str) -> Run:
            return Run(
                run_id=run_id,
                workspace=workspace.arm_id,
                experiment=experiment,
                parent=parent,
                root=job.run_id,
                kind=kind,
                name=name,
                status=Status.NOT_STARTED,
                created=now,
            )

        runs.create(connection, run(job.run_id, "", RunKind.PIPELINE, str(job.body.get("displayName") or job.run_id)))
        runs.note(connection, job.run_id, "tag", _texts(job.body.get("tags")))
        component = {"azureml.pipelineComponent": str(job.body["componentId"])}
        runs.note(connection, job.run_id, "property", {**component, **_texts(job.body.get("properties"))})
        for step in job.steps:
            child = step_id(job.run_id, step.name)
            runs.create(connection, run(child, job.run_id, RunKind.STEP, step.name))
            runs.note(connection, child, "property", {"azureml.moduleid": step.component, "azureml.isreused": "false"})
        jobs.create(connection, job)


def _texts(given: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (given or {}).items() if value is not None}


def _taken(name: str) -> Exception:
    return conflict(f"A job with the name '{name}' exists already; jobs are not changed.")
