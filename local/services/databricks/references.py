"""Dynamic value references, `{{job.run_id}}` and the like (learn.microsoft.com, azure/databricks/jobs/dynamic-value-references)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

from local.services.databricks.errors import invalid
from local.services.databricks.models import Run, TaskRun

_REFERENCE = re.compile(r"\{\{\s*([\w.`-]+)\s*\}\}")
_NAMESPACES = ("job.", "task.", "tasks.", "workspace.")
_PARAMETER = re.compile(r"job\.parameters\.(?:`([^`]+)`|(\w+))")

type Value = Callable[[Run, TaskRun], str]

_VALUES: dict[str, Value] = {
    "job.id": lambda run, _: str(run.job_id),
    "job.name": lambda run, _: str(run.settings["name"]),
    "job.run_id": lambda run, _: str(run.run_id),
    "job.repair_count": lambda _, __: "0",
    "job.start_time.iso_date": lambda run, _: _start(run).strftime("%Y-%m-%d"),
    "job.start_time.iso_datetime": lambda run, _: _start(run).strftime("%Y-%m-%dT%H:%M:%S"),
    "job.start_time.timestamp_ms": lambda run, _: str(run.started or run.asked),
    "task.name": lambda _, task: task.task_key,
    "task.run_id": lambda _, task: str(task.run_id),
    "task.execution_count": lambda _, task: str(task.attempt + 1),
}


def resolve(text: str, run: Run, task: TaskRun) -> str:
    """Replace the references in a task's argument; texts that are no known reference stay as they are."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if parameter := _PARAMETER.fullmatch(name):
            return run.parameters[parameter.group(1) or parameter.group(2)]
        return _VALUES[name](run, task) if name in _VALUES else match.group(0)

    return _REFERENCE.sub(value, text)


def check(text: str, parameters: Mapping[str, str]) -> None:
    """Refuse a reference into a known namespace that names nothing.

    Raises:
        DatabricksError: INVALID_PARAMETER_VALUE.
    """
    for name in _REFERENCE.findall(text):
        parameter = _PARAMETER.fullmatch(name)
        known = (parameter.group(1) or parameter.group(2)) in parameters if parameter else name in _VALUES
        if not known and name.startswith(_NAMESPACES):
            msg = f"The reference {{{{{name}}}}} is not a known dynamic value."
            raise invalid(msg)


def _start(run: Run) -> dt.datetime:
    return dt.datetime.fromtimestamp((run.started or run.asked) / 1000, dt.UTC)
