"""The events that a workspace raises for runs and models, root and child runs alike.

Source: learn.microsoft.com/azure/event-grid/event-schema-machine-learning; keys in camelCase, as Azure sends them.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contracts.events import AzureEvent
from local.services.eventgrid.models import raise_event

if TYPE_CHECKING:
    from local.services.machine_learning.runs import Run, Status


def experiment_id(workspace: str, name: str) -> str:
    """The id of a workspace's experiment."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workspace.lower()}/experiments/{name}"))


def status_changed(connection: sqlite3.Connection, run: Run, status: Status, told: Mapping[str, Any]) -> None:
    """Raise RunStatusChanged, and RunCompleted for a run that completed; `told` holds its tags and properties."""
    name = connection.execute("select name from ml_experiments where id = ?", (run.experiment,)).fetchone()[0]
    data = {
        "experimentId": run.experiment,
        "experimentName": name,
        "runId": run.run_id,
        "runType": str(run.kind),
        "runTags": told["tag"],
        "runProperties": told["property"],
    }
    subject = f"experiments/{run.experiment}/runs/{run.run_id}"
    changed = {**data, "runStatus": str(status)}
    raise_event(connection, kind=AzureEvent.RUN_STATUS_CHANGED, source=run.workspace, subject=subject, data=changed)
    if status == "Completed":
        raise_event(connection, kind=AzureEvent.RUN_COMPLETED, source=run.workspace, subject=subject, data=data)


def model_registered(
    connection: sqlite3.Connection,
    *,
    workspace: str,
    name: str,
    version: str,
    tags: Mapping[str, str],
    properties: Mapping[str, str],
) -> None:
    """Raise ModelRegistered for a new version of a model."""
    data = {"modelName": name, "modelVersion": version, "modelTags": dict(tags), "modelProperties": dict(properties)}
    subject = f"models/{name}:{version}"
    raise_event(connection, kind=AzureEvent.MODEL_REGISTERED, source=workspace, subject=subject, data=data)
