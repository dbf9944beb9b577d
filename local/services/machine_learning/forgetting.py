"""A deleted workspace takes its history and its registered models with it, once the executor has let go of its jobs."""

from __future__ import annotations

import shutil

from local.services.cloud import Cloud
from local.services.machine_learning.workspace import WORKSPACE

_RUNS = "select run_id from ml_runs where lower(workspace) = ?"
_DELETES = (
    f"delete from ml_metrics where run_id in ({_RUNS})",  # noqa: S608 - no value is in the text
    f"delete from ml_run_texts where run_id in ({_RUNS})",  # noqa: S608
    "delete from ml_runs where lower(workspace) = ?",
    "delete from ml_experiments where lower(workspace) = ?",
    "delete from ml_model_tags where lower(workspace) = ?",
    "delete from ml_model_versions where lower(workspace) = ?",
    "delete from ml_models where lower(workspace) = ?",
)


def forget_history(cloud: Cloud) -> None:
    """Remove runs, metrics, models and artifacts of workspaces that are no more; those with jobs wait for the executor."""
    there = {item.id.lower() for item in cloud.resources.of_type(WORKSPACE)}
    query = "select lower(workspace) w from ml_runs union select lower(workspace) from ml_models"
    known = {str(row["w"]) for row in cloud.store.rows(query)}
    busy = {str(row["workspace"]).lower() for row in cloud.store.rows("select distinct workspace from ml_jobs")}
    for workspace in known - there - busy:
        runs = [str(row["run_id"]) for row in cloud.store.rows(_RUNS, workspace)]
        with cloud.store.transaction() as connection:
            for delete in _DELETES:
                connection.execute(delete, (workspace,))
        for run in runs:
            shutil.rmtree(cloud.state / "machine_learning" / "artifacts" / run, ignore_errors=True)
