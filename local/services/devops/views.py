"""Documents of the API: the pipeline, its runs, the builds that they are, and the timeline that says why one failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from contracts.names import RELEASE_PIPELINE
from local.services.devops.models import Result, Run, Status

PIPELINE_ID = 1
"""The pipeline exists by itself: its definition is the repository's verb `release`."""

_FOLDER = "\\"
_STATES = {Status.CANCELLING: "canceling", Status.COMPLETED: "completed"}


def listed(items: Sequence[Any]) -> dict[str, Any]:
    """A list as Azure DevOps answers it."""
    return {"count": len(items), "value": list(items)}


def definition(root: str) -> dict[str, Any]:
    """The pipeline as a build definition; `root` is the project's address."""
    return {
        "id": PIPELINE_ID,
        "name": RELEASE_PIPELINE,
        "path": _FOLDER,
        "type": "build",
        "queueStatus": "enabled",
        "revision": 1,
        "url": f"{root}/_apis/build/Definitions/{PIPELINE_ID}?revision=1",
    }


def pipeline(root: str) -> dict[str, Any]:
    """The pipeline."""
    url = f"{root}/_apis/pipelines/{PIPELINE_ID}?revision=1"
    return {"url": url, "id": PIPELINE_ID, "revision": 1, "name": RELEASE_PIPELINE, "folder": _FOLDER}


def pipeline_run(root: str, run: Run) -> dict[str, Any]:
    """A run of the pipeline; one that waits counts as in progress."""
    url = f"{root}/_apis/pipelines/{PIPELINE_ID}/runs/{run.id}"
    ended = {"result": run.result, "finishedDate": _utc(run.finished)} if run.result else {}
    return {
        "_links": {"self": {"href": url}},
        "templateParameters": run.parameters,
        "pipeline": pipeline(root),
        "state": _STATES.get(run.status, "inProgress"),
        **ended,
        "createdDate": _utc(run.queued),
        "url": url,
        "id": run.id,
        "name": _number(run),
    }


def build(root: str, run: Run) -> dict[str, Any]:
    """A run as a build."""
    url = f"{root}/_apis/build/Builds/{run.id}"
    times = {"queueTime": run.queued, "startTime": run.started, "finishTime": run.finished}
    return {
        "_links": {"self": {"href": url}, "timeline": {"href": f"{url}/Timeline"}},
        "tags": [],
        "id": run.id,
        "buildNumber": _number(run),
        "status": run.status,
        **({"result": run.result} if run.result else {}),
        **{name: _utc(time) for name, time in times.items() if time},
        "url": url,
        "definition": definition(root),
        "templateParameters": run.parameters,
        "reason": "manual",
        "requestedFor": {"displayName": run.requester},
        "logs": {"id": 0, "type": "Container", "url": f"{url}/logs"},
    }


def timeline(run: Run) -> dict[str, Any]:
    """What the run's one job came to; its issues say why it did not succeed."""
    kind = "warning" if run.result is Result.CANCELED else "error"
    issues = [{"type": kind, "category": "General", "message": run.issue}] if run.issue else []
    job = {
        "type": "Job",
        "name": RELEASE_PIPELINE,
        "state": {Status.NOT_STARTED: "pending", Status.COMPLETED: "completed"}.get(run.status, "inProgress"),
        "result": run.result,
        "startTime": _utc(run.started),
        "finishTime": _utc(run.finished),
        "errorCount": int(run.result is Result.FAILED),
        "issues": issues,
        "log": {"id": 1, "type": "Container"},
    }
    return {"records": [job], "changeId": 1}


def _number(run: Run) -> str:
    return f"{dt.datetime.fromtimestamp(run.queued, dt.UTC):%Y%m%d}.{run.id}"


def _utc(seconds: float | None) -> str | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat().replace("+00:00", "Z")
