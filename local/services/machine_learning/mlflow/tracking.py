"""MLflow tracking: experiments and runs, which are the same rows as the workspace's jobs."""

from __future__ import annotations

import time
import uuid
from typing import Any

from local.services.cloud import Cloud
from local.services.machine_learning.mlflow.calls import Call, Table
from local.services.machine_learning.mlflow.errors import invalid, missing, taken
from local.services.machine_learning.mlflow.filters import clauses
from local.services.machine_learning.mlflow.run_data import Experiment, RunData
from local.services.machine_learning.mlflow.views import STATUSES, RunView
from local.services.machine_learning.runs import Run, RunKind, Runs, Status

PARENT, NAME = "mlflow.parentRunId", "mlflow.runName"


class Tracking:
    """Experiments and runs of all workspaces."""

    def __init__(self, cloud: Cloud) -> None:
        self._store = cloud.store
        self._runs = Runs(cloud.store)
        self._data = RunData(cloud.store)
        self._view = RunView(cloud, self._runs, self._data)

    def table(self) -> Table:
        """The calls that are served."""
        return {
            ("GET", "experiments/get"): self._experiment,
            ("GET", "experiments/get-by-name"): self._experiment,
            ("POST", "experiments/create"): self._create_experiment,
            ("POST", "experiments/search"): self._search_experiments,
            ("GET", "experiments/search"): self._search_experiments,
            ("GET", "runs/get"): self._get,
            ("POST", "runs/create"): self._create,
            ("POST", "runs/update"): self._update,
            ("POST", "runs/search"): self._search,
            ("POST", "runs/log-batch"): self._log_batch,
            ("POST", "runs/log-metric"): self._log_metric,
            ("POST", "runs/log-parameter"): self._log_parameter,
            ("POST", "runs/set-tag"): self._set_tag,
            ("POST", "runs/delete-tag"): self._delete_tag,
            ("GET", "metrics/get-history"): self._history,
        }

    def _experiment(self, call: Call) -> dict[str, Any]:
        return {"experiment": self._view.experiment(call.workspace, self._found(call))}

    def _found(self, call: Call) -> Experiment:
        key, name = call.optional("experiment_id"), call.optional("experiment_name")
        found = self._data.experiment(call.workspace.arm_id, experiment_id=key, name=name)
        if found is None:
            raise missing(f"Experiment '{key or name}'")
        return found

    def _create_experiment(self, call: Call) -> dict[str, Any]:
        name = call.text("name")
        if self._data.experiment(call.workspace.arm_id, name=name) is not None:
            raise taken(f"Experiment '{name}'")
        with self._store.transaction() as connection:
            return {"experiment_id": self._runs.experiment(connection, call.workspace.arm_id, name)}

    def _search_experiments(self, call: Call) -> dict[str, Any]:
        found = self._data.experiments(call.workspace.arm_id)
        for clause in clauses(call.optional("filter")):
            if clause.group or clause.key != "name":
                raise invalid("Experiments are searched by name alone.")
            found = [item for item in found if (item.name == clause.value) is clause.equal]
        return {"experiments": [self._view.experiment(call.workspace, item) for item in found]}

    def _run(self, call: Call) -> Run:
        run_id = call.optional("run_id") or call.text("run_uuid")
        run = self._runs.get(run_id)
        if run is None or run.workspace.lower() != call.workspace.arm_id.lower():
            raise missing(f"Run '{run_id}'")
        return run

    def _get(self, call: Call) -> dict[str, Any]:
        return {"run": self._view.run(call.workspace, self._run(call))}

    def _create(self, call: Call) -> dict[str, Any]:
        """Make a run that belongs to no job; it starts at once, as the client means it."""
        experiment, tags, run_id = self._found(call), call.pairs("tags"), str(uuid.uuid4())
        parent = self._runs.get(tags.get(PARENT, ""))
        run = Run(
            run_id=run_id,
            workspace=call.workspace.arm_id,
            experiment=experiment.id,
            parent=parent.run_id if parent else "",
            root=parent.root if parent else run_id,
            kind=RunKind.PLAIN,
            name=call.optional("run_name") or tags.get(NAME, run_id),
            status=Status.NOT_STARTED,
            created=time.time(),
        )
        with self._store.transaction() as connection:
            self._runs.create(connection, run)
            self._runs.note(connection, run_id, "tag", tags)
        self._runs.set_status(run_id, Status.RUNNING)
        return self._get(Call(workspace=call.workspace, values={"run_id": run_id}))

    def _update(self, call: Call) -> dict[str, Any]:
        """Change the name, and the status of a run that is no job's: that of a job is the job's alone."""
        run, wanted = self._run(call), call.optional("status")
        if wanted and wanted not in STATUSES:
            raise invalid(f"Invalid status '{wanted}'; one of {', '.join(STATUSES)}.")
        if name := call.optional("run_name"):
            with self._store.transaction() as connection:
                self._data.rename(connection, run.run_id, name)
        if wanted and run.kind is RunKind.PLAIN:
            self._runs.set_status(run.run_id, STATUSES[wanted])
        return {"run_info": self._get(call)["run"]["info"]}

    def _search(self, call: Call) -> dict[str, Any]:
        ids = self._data.run_ids(call.workspace.arm_id, call.values.get("experiment_ids") or [])
        runs = [run for run in map(self._runs.get, ids) if run is not None]
        wanted = clauses(call.optional("filter"))
        held = [run for run in runs if all((self._view.value(run, item) == item.value) is item.equal for item in wanted)]
        most = int(call.values.get("max_results") or 1000)
        return {"runs": [self._view.run(call.workspace, run) for run in held[:most]]}

    def _log_batch(self, call: Call) -> dict[str, Any]:
        run, params, tags = self._run(call), call.pairs("params"), call.pairs("tags")
        self._write(run, params=params, tags=tags, metrics=call.values.get("metrics") or [])
        return {}

    def _log_metric(self, call: Call) -> dict[str, Any]:
        self._write(self._run(call), metrics=[dict(call.values)])
        return {}

    def _log_parameter(self, call: Call) -> dict[str, Any]:
        self._write(self._run(call), params={call.text("key"): call.optional("value")})
        return {}

    def _set_tag(self, call: Call) -> dict[str, Any]:
        self._write(self._run(call), tags={call.text("key"): call.optional("value")})
        return {}

    def _write(self, run: Run, *, params: Any = None, tags: Any = None, metrics: Any = ()) -> None:
        """Keep it all or nothing; a param holds its first value for ever, as MLflow promises."""
        held = self._runs.texts(run.run_id, "param")
        changed = [key for key, value in (params or {}).items() if held.get(key, value) != value]
        if changed:
            raise invalid(f"Changing param values is not allowed: {', '.join(changed)} of run '{run.run_id}'.")
        try:
            with self._store.transaction() as connection:
                self._runs.note(connection, run.run_id, "param", params or {})
                self._runs.note(connection, run.run_id, "tag", tags or {})
                self._data.log(connection, run.run_id, metrics)
        except (KeyError, TypeError, ValueError) as error:
            msg = f"Invalid metric of run '{run.run_id}': {error}."
            raise invalid(msg) from error

    def _delete_tag(self, call: Call) -> dict[str, Any]:
        run, key = self._run(call), call.text("key")
        with self._store.transaction() as connection:
            if not self._data.untag(connection, run.run_id, key):
                raise missing(f"Tag '{key}' of run '{run.run_id}'")
        return {}

    def _history(self, call: Call) -> dict[str, Any]:
        found = self._data.history(self._run(call).run_id, call.text("metric_key"))
        return {"metrics": [vars(metric) for metric in found]}
