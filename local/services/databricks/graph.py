"""When a task may run and how a run ends, as Databricks documents it (azure/databricks/jobs/run-if)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local.services.databricks.models import Ending, Life, Result, Run, TaskRun
from local.services.databricks.validate import upstream

_GOOD = frozenset({Result.SUCCESS, Result.EXCLUDED})
"""Excluded tasks count as successful."""

_RUN_IF: dict[str, Callable[[Sequence[Result]], bool]] = {
    "ALL_SUCCESS": lambda results: all(result in _GOOD for result in results),
    "ALL_DONE": lambda _: True,
    "ALL_FAILED": lambda results: not any(result in _GOOD for result in results),
    "AT_LEAST_ONE_FAILED": lambda results: any(result not in _GOOD for result in results),
    "AT_LEAST_ONE_SUCCESS": lambda results: Result.SUCCESS in results,
    "NONE_FAILED": lambda results: all(result in _GOOD for result in results),
}
_HANDLES_FAILURE = frozenset({"ALL_FAILED", "AT_LEAST_ONE_FAILED"})
"""A task that handles failures and is not needed is excluded; any other one failed with what it needed."""


def decide(task: Mapping[str, Any], results: Sequence[Result]) -> Ending | None:
    """Say how a task ends unrun, given the results of all it depends on; None when it is to run."""
    if not results:
        return None
    condition = task.get("run_if", "ALL_SUCCESS")
    if all(result is Result.EXCLUDED for result in results):
        return _unrun(Result.EXCLUDED, "All tasks that it depends on were excluded.")
    if _RUN_IF[condition](results):
        return None
    if condition in _HANDLES_FAILURE:
        return _unrun(Result.EXCLUDED, f"The condition {condition} was not met.")
    return _unrun(Result.UPSTREAM_FAILED, "A task that it depends on failed.")


def outcome(run: Run, tasks: Mapping[str, TaskRun]) -> Ending:
    """How a run ends whose tasks are all over: by its leaf tasks alone, whatever failed before them."""
    needed = {name for task in run.tasks for name in upstream(task)}
    bad = [task for task in tasks.values() if task.result not in _GOOD]
    if not bad:
        return Ending(life=Life.TERMINATED, result=Result.SUCCESS, code="SUCCESS")
    names = ", ".join(task.task_key for task in bad if task.result is not Result.UPSTREAM_FAILED)
    if all(task.task_key in needed for task in bad):
        message = f"Failed, but the tasks after them succeeded: {names}"
        return Ending(life=Life.TERMINATED, result=Result.SUCCESS_WITH_FAILURES, code="SUCCESS_WITH_FAILURES", message=message)
    first = next((task for task in bad if task.result is not Result.UPSTREAM_FAILED), bad[0])
    message = f"Task {first.task_key} failed with message: {first.message}."
    return Ending(life=Life.INTERNAL_ERROR, result=Result.FAILED, code="RUN_EXECUTION_ERROR", message=message)


def _unrun(result: Result, message: str) -> Ending:
    code = "SKIPPED" if result is Result.EXCLUDED else "RUN_EXECUTION_ERROR"
    return Ending(life=Life.TERMINATED, result=result, code=code, message=message)
