"""Runs and experiments as MLflow's response messages."""

from __future__ import annotations

from typing import Any

from local.endpoints import HOST
from local.services.cloud import Cloud
from local.services.machine_learning.mlflow.errors import invalid
from local.services.machine_learning.mlflow.filters import Clause
from local.services.machine_learning.mlflow.run_data import Experiment, RunData
from local.services.machine_learning.runs import Run, Runs, Status
from local.services.machine_learning.workspace import Workspace

STATUSES: dict[str, Status] = {
    "SCHEDULED": Status.QUEUED,
    "RUNNING": Status.RUNNING,
    "FINISHED": Status.COMPLETED,
    "FAILED": Status.FAILED,
    "KILLED": Status.CANCELED,
}
"""Statuses of MLflow and what they are in run history."""
_TOLD = {held: told for told, held in STATUSES.items()}


class RunView:
    """Writes rows as MLflow's messages; times in milliseconds since 1970."""

    def __init__(self, cloud: Cloud, runs: Runs, data: RunData) -> None:
        self._port = cloud.endpoints.arm
        self._runs = runs
        self._data = data

    def experiment(self, workspace: Workspace, experiment: Experiment) -> dict[str, Any]:
        """MLflow's `Experiment`."""
        return {
            "experiment_id": experiment.id,
            "name": experiment.name,
            "artifact_location": "",
            "lifecycle_stage": "active",
            "creation_time": _milliseconds(experiment.created),
            "tags": [{"key": "mlflow.workspace", "value": workspace.name}],
        }

    def run(self, workspace: Workspace, run: Run) -> dict[str, Any]:
        """MLflow's `Run`."""
        data = {kind: _pairs(self._runs.texts(run.run_id, kind[:-1])) for kind in ("tags", "params")}
        metrics = [vars(metric) for metric in self._data.metrics(run.run_id)]
        return {"info": self._info(workspace, run), "data": {**data, "metrics": metrics}}

    def value(self, run: Run, clause: Clause) -> str:
        """What a run holds under the key of a search clause; empty when nothing.

        Raises:
            MlflowError: INVALID_PARAMETER_VALUE for a key that can't be searched.
        """
        if clause.group in {"tags", "tag", "params", "param"}:
            return self._runs.texts(run.run_id, clause.group.removesuffix("s")).get(clause.key, "")
        attributes = {"status": _told(run.status), "run_name": run.name, "run_id": run.run_id}
        if clause.group in {"", "attributes", "attribute"} and clause.key in attributes:
            return attributes[clause.key]
        raise invalid(f"Runs can't be searched by '{clause.group}.{clause.key}'.")

    def _info(self, workspace: Workspace, run: Run) -> dict[str, Any]:
        root = f"azureml://{HOST}:{self._port}/mlflow/v2.0{workspace.arm_id}"
        info: dict[str, Any] = {
            "run_id": run.run_id,
            "run_uuid": run.run_id,
            "run_name": run.name,
            "experiment_id": run.experiment,
            "status": _told(run.status),
            "start_time": _milliseconds(run.started or run.created),
            "artifact_uri": f"{root}/experiments/{run.experiment}/runs/{run.run_id}/artifacts",
            "lifecycle_stage": "active",
        }
        return info if run.ended is None else {**info, "end_time": _milliseconds(run.ended)}


def _told(status: Status) -> str:
    return _TOLD.get(status, "SCHEDULED")


def _pairs(texts: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(texts.items())]


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
