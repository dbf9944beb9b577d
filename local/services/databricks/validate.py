"""What the Jobs API refuses in a job's settings, and what this service refuses because it can't do it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from local.services.databricks.errors import invalid, not_emulated
from local.services.databricks.references import check

SETTINGS = frozenset(
    [
        "name",
        "description",
        "tags",
        "tasks",
        "job_clusters",
        "environments",
        "parameters",
        "max_concurrent_runs",
        "queue",
        "timeout_seconds",
        "format",
    ]
)
TASK = frozenset(
    [
        "task_key",
        "description",
        "depends_on",
        "run_if",
        "python_wheel_task",
        "libraries",
        "new_cluster",
        "job_cluster_key",
        "environment_key",
        "timeout_seconds",
        "max_retries",
        "min_retry_interval_millis",
        "retry_on_timeout",
    ]
)
WHEEL_TASK = frozenset({"package_name", "entry_point", "named_parameters", "parameters"})
RUN_IF = frozenset({"ALL_SUCCESS", "ALL_DONE", "ALL_FAILED", "AT_LEAST_ONE_FAILED", "AT_LEAST_ONE_SUCCESS", "NONE_FAILED"})
COMPUTE = ("new_cluster", "job_cluster_key", "environment_key")
PYTHON_312 = re.compile(r"1[678]\.\d+\.x-")
"""Runtimes whose system environment is Python 3.12 (learn.microsoft.com, azure/databricks/release-notes/runtime)."""

MOST_RUNS, MOST_TASKS, LONGEST_KEY = 1000, 1000, 100


def check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse settings that can't be kept or run.

    Raises:
        DatabricksError: INVALID_PARAMETER_VALUE for what Databricks refuses, NOT_IMPLEMENTED for what only this
            service can't do.
    """
    _only(settings, SETTINGS, "job setting")
    tasks = settings.get("tasks") or []
    if not tasks or len(tasks) > MOST_TASKS:
        msg = f"A job has 1 to {MOST_TASKS} tasks; {len(tasks)} given."
        raise invalid(msg)
    runs = settings.get("max_concurrent_runs", 1)
    if not isinstance(runs, int) or not 0 <= runs <= MOST_RUNS:
        msg = f"max_concurrent_runs must be between 0 and {MOST_RUNS}: {runs}"
        raise invalid(msg)
    parameters = defaults(settings)
    clusters = _named(settings.get("job_clusters", []), "job_cluster_key")
    environments = _named(settings.get("environments", []), "environment_key")
    for cluster in clusters.values():
        _check_cluster(cluster.get("new_cluster"))
    for task in tasks:
        _check_task(task, parameters)
        _check_compute(task, clusters, environments)
    _check_graph(tasks)


def defaults(settings: Mapping[str, Any]) -> dict[str, str]:
    """The job's parameters with their default values."""
    return {name: str(item.get("default", "")) for name, item in _named(settings.get("parameters", []), "name").items()}


def _check_task(task: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
    key = str(task.get("task_key", ""))
    if not re.fullmatch(rf"[\w-]{{1,{LONGEST_KEY}}}", key, re.ASCII):
        msg = f"task_key must be 1 to {LONGEST_KEY} letters, digits, - and _: '{key}'"
        raise invalid(msg)
    _only(task, TASK, f"field of task {key}")
    if task.get("run_if", "ALL_SUCCESS") not in RUN_IF:
        msg = f"run_if of task {key} must be one of {', '.join(sorted(RUN_IF))}: {task['run_if']}"
        raise invalid(msg)
    wheel = task.get("python_wheel_task")
    if not wheel:
        msg = f"Task {key} has no task type; exactly one must be given."
        raise invalid(msg)
    _only(wheel, WHEEL_TASK, f"field of python_wheel_task in {key}")
    if not wheel.get("package_name") or not wheel.get("entry_point"):
        msg = f"python_wheel_task of task {key} needs package_name and entry_point."
        raise invalid(msg)
    if wheel.get("parameters") and wheel.get("named_parameters"):
        msg = f"python_wheel_task of task {key} can't have both parameters and named_parameters."
        raise invalid(msg)
    for value in [*wheel.get("parameters", []), *wheel.get("named_parameters", {}).values()]:
        check(str(value), parameters)
    for library in task.get("libraries", []):
        _check_library(library, key)


def _check_library(library: Mapping[str, Any], key: str) -> None:
    _only(library, frozenset({"whl", "requirements"}), f"library of task {key}")
    for path in library.values():
        if not str(path).startswith("/Volumes/"):
            msg = f"libraries outside of volumes ({path} of task {key})"
            raise not_emulated(msg)


def _check_compute(task: Mapping[str, Any], clusters: Mapping[str, Any], environments: Mapping[str, Any]) -> None:
    key, named = task["task_key"], [name for name in COMPUTE if task.get(name)]
    if len(named) != 1:
        msg = f"Task {key} needs exactly one of {', '.join(COMPUTE)}; given: {', '.join(named) or 'none'}."
        raise invalid(msg)
    if "job_cluster_key" in named and task["job_cluster_key"] not in clusters:
        msg = f"Task {key} names the job cluster '{task['job_cluster_key']}', which the job does not define."
        raise invalid(msg)
    if "environment_key" in named and task["environment_key"] not in environments:
        msg = f"Task {key} names the environment '{task['environment_key']}', which the job does not define."
        raise invalid(msg)
    if "environment_key" in named and task.get("libraries"):
        msg = f"Libraries of task {key} must be in its environment, as it runs on serverless compute."
        raise invalid(msg)
    if "new_cluster" in named:
        _check_cluster(task["new_cluster"])


def _check_cluster(cluster: Mapping[str, Any] | None) -> None:
    version = (cluster or {}).get("spark_version")
    if not version:
        msg = "Missing required field: new_cluster.spark_version"
        raise invalid(msg)
    if not PYTHON_312.match(version):
        msg = f"runtimes with another Python than 3.12, such as {version} (16.x to 18.x have it)"
        raise not_emulated(msg)


def _check_graph(tasks: list[dict[str, Any]]) -> None:
    keys = [task["task_key"] for task in tasks]
    if len(set(keys)) != len(keys):
        msg = "Each task_key must be unique in its job."
        raise invalid(msg)
    graph = {task["task_key"]: upstream(task) for task in tasks}
    for key, names in graph.items():
        if missing := [name for name in names if name not in graph]:
            msg = f"Task {key} depends on {', '.join(missing)}, which the job does not have."
            raise invalid(msg)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        msg = f"The tasks depend on each other in a circle: {' -> '.join(error.args[1])}"
        raise invalid(msg) from error


def upstream(task: Mapping[str, Any]) -> list[str]:
    """Keys of the tasks that this one waits for."""
    return list(_named(task.get("depends_on", []), "task_key"))


def _named(items: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    if any(not item.get(key) for item in items):
        msg = f"Missing required field: {key}"
        raise invalid(msg)
    return {item[key]: item for item in items}


def _only(given: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    if unknown := sorted(set(given) - known):
        msg = f"{what}: {', '.join(unknown)}"
        raise not_emulated(msg)
