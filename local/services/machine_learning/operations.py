"""Long-running operations: the answer comes before the end, which has an address of its own to ask.

The change itself is made at once; who asks within half a second is told that it goes on, so a client polls twice.
Sources: learn.microsoft.com, "Track asynchronous Azure operations"; learn.microsoft.com/rest/api/azureml for what answers so.
"""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.machine_learning.workspace import Workspace

SECONDS = 0.5
WAIT = {"Retry-After": "1"}
PLACE = "/subscriptions/{}/providers/Microsoft.MachineLearningServices/locations/{}/{}/{}"
STATUS, RESULTS = "mfeOperationsStatus", "mfeOperationResults"


def routes() -> list[Route]:
    """Where the end of an operation is asked for."""
    return [Route(PLACE.format("{subscription}", "{location}", kind, "{ends}"), _told) for kind in (STATUS, RESULTS)]


def created(cloud: Cloud, workspace: Workspace, body: dict[str, Any]) -> Response:
    """The answer to a PUT that makes a resource: what it will be, and where its state is told."""
    shown = {**body, "properties": {**body["properties"], "provisioningState": "Creating"}}
    return JSONResponse(shown, 201, {"Azure-AsyncOperation": _address(cloud, workspace, STATUS), **WAIT})


def accepted(cloud: Cloud, workspace: Workspace) -> Response:
    """The answer to a deletion or an action: where its end is told."""
    return Response(status_code=202, headers={"Location": _address(cloud, workspace, RESULTS), **WAIT})


def _address(cloud: Cloud, workspace: Workspace, kind: str) -> str:
    ends = f"{time.time() + SECONDS:.3f}"
    return cloud.endpoints.url("arm") + PLACE.format(workspace.subscription, workspace.location, kind, ends)


async def _told(request: Request) -> Response:
    left = float(request.path_params["ends"]) - time.time()
    going_on = 0 < left <= SECONDS  # over, too, when the clock went back
    if RESULTS in request.url.path:
        return Response(status_code=202, headers=WAIT) if going_on else Response()
    return JSONResponse({"status": "InProgress" if going_on else "Succeeded"}, headers=WAIT if going_on else None)
