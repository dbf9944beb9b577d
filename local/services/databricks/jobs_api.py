"""The Jobs API 2.2: jobs, run-now and runs."""

from __future__ import annotations

from typing import Any

from starlette.routing import BaseRoute

from local.services.cloud import Cloud
from local.services.databricks.calls import Call, listed, route
from local.services.databricks.errors import DatabricksError, not_emulated
from local.services.databricks.executor import Executor
from local.services.databricks.jobs import Jobs
from local.services.databricks.models import Run
from local.services.databricks.runs import Runs
from local.services.databricks.views import job_view, output_view, run_view, task_view

ROOT = "/api/2.2/jobs"
RUN_NOW = frozenset({"job_id", "job_parameters", "idempotency_token", "queue"})
MOST_JOBS, MOST_RUNS = 100, 25


class JobsApi:
    """Endpoints over jobs and runs."""

    def __init__(self, cloud: Cloud, executor: Executor) -> None:
        self._cloud = cloud
        self._executor = executor
        self._jobs = Jobs(cloud.store)
        self._runs = Runs(cloud.store)
        self._host = cloud.endpoints.url("databricks")

    def routes(self) -> list[BaseRoute]:
        """The API's routes."""
        posts = {
            "create": self.create,
            "reset": self.reset,
            "update": self.update,
            "delete": self.delete,
            "run-now": self.run_now,
            "runs/cancel": self.cancel,
        }
        gets = {
            "get": self.get,
            "list": self.list_jobs,
            "runs/get": self.get_run,
            "runs/list": self.list_runs,
            "runs/get-output": self.get_output,
        }
        return [
            *(route(self._cloud, f"{ROOT}/{name}", "POST", endpoint) for name, endpoint in posts.items()),
            *(route(self._cloud, f"{ROOT}/{name}", "GET", endpoint) for name, endpoint in gets.items()),
        ]

    def create(self, call: Call) -> dict[str, Any]:
        return {"job_id": self._jobs.create(call.json, call.principal)}

    def reset(self, call: Call) -> dict[str, Any]:
        self._jobs.reset(call.number("job_id"), call.json.get("new_settings") or {})
        return {}

    def update(self, call: Call) -> dict[str, Any]:
        body = call.json
        self._jobs.update(call.number("job_id"), body.get("new_settings") or {}, body.get("fields_to_remove") or [])
        return {}

    def delete(self, call: Call) -> dict[str, Any]:
        self._jobs.delete(call.number("job_id"))
        return {}

    def get(self, call: Call) -> dict[str, Any]:
        return {**job_view(self._jobs.get(call.number("job_id"))), "has_more": False}

    def list_jobs(self, call: Call) -> dict[str, Any]:
        limit, offset = call.page(MOST_JOBS)
        jobs, more = self._jobs.page(name=call.query.get("name"), limit=limit, offset=offset)
        expand = call.flag("expand_tasks")
        return listed("jobs", [job_view(job, expand=expand) for job in jobs], more=more, limit=limit, offset=offset)

    def run_now(self, call: Call) -> dict[str, Any]:
        body = call.json
        if unknown := sorted(set(body) - RUN_NOW):
            msg = f"fields of run-now: {', '.join(unknown)}"
            raise not_emulated(msg)
        parameters, token = body.get("job_parameters") or {}, body.get("idempotency_token")
        run_id = self._runs.run_now(call.number("job_id"), parameters, token, call.principal)
        self._executor.wake()
        return {"run_id": run_id, "number_in_job": run_id}

    def cancel(self, call: Call) -> dict[str, Any]:
        self._runs.cancel(call.number("run_id"))
        self._executor.wake()
        return {}

    def get_run(self, call: Call) -> dict[str, Any]:
        run = self._runs.get(call.number("run_id"))
        return {**run_view(run, self._host), "tasks": self._tasks(run), "job_clusters": run.settings.get("job_clusters", [])}

    def list_runs(self, call: Call) -> dict[str, Any]:
        limit, offset = call.page(MOST_RUNS)
        job_id = call.number("job_id", 0) or None
        active, completed, expand = call.flag("active_only"), call.flag("completed_only"), call.flag("expand_tasks")
        runs, more = self._runs.page(job_id=job_id, active=active, completed=completed, limit=limit, offset=offset)
        items = [{**run_view(run, self._host), **({"tasks": self._tasks(run)} if expand else {})} for run in runs]
        return listed("runs", items, more=more, limit=limit, offset=offset)

    def get_output(self, call: Call) -> dict[str, Any]:
        run_id = call.number("run_id")
        if self._is_run_of_many(run_id):
            message = "Retrieving the output of runs with multiple tasks is not supported. "
            message += "Please retrieve the output of each individual task run instead."
            raise DatabricksError(400, "INVALID_PARAMETER_VALUE", message)
        task = self._runs.task_run(run_id)
        return output_view(task, self._runs.get(task.job_run_id), self._cloud, self._host)

    def _tasks(self, run: Run) -> list[dict[str, Any]]:
        return [task_view(task, run, self._cloud, self._host) for task in self._runs.tasks(run).values()]

    def _is_run_of_many(self, run_id: int) -> bool:
        return self._cloud.store.row("select 1 from databricks_runs where run_id = ?", run_id) is not None
