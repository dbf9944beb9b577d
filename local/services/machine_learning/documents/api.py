"""`/subscriptions/...`: a workspace, its computes and its published documents; all else is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.services.arm.errors import not_emulated
from local.services.cloud import Cloud
from local.services.http import ask, verb_of
from local.services.machine_learning.documents.assets import FIXED, Assets
from local.services.machine_learning.documents.calls import Call
from local.services.machine_learning.documents.endpoints import BatchEndpoints
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.documents.upload_api import UploadApi
from local.services.machine_learning.documents.uploads import Uploads
from local.services.machine_learning.documents.workspaces import Workspaces
from local.services.machine_learning.workspace import WORKSPACE, workspace_of

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
WORKSPACE_SEGMENTS = 8


def routes(cloud: Cloud) -> list[BaseRoute]:
    """The routes of the documents and of uploads; mounted last, since they refuse every other path of Resource Manager."""
    answers = _answers(cloud)

    async def serve(request: Request) -> Response:
        body = await request.body()
        call = await run_in_threadpool(_call, cloud, request, body)
        ask(
            request,
            f"ml/{call.arm_type.removeprefix(WORKSPACE).strip('/') or 'documents'}/{verb_of(call.method)}",
            call.workspace.arm_id,
        )
        answer = await run_in_threadpool(answers.get(call.segments[0].lower() if call.segments else "", _nothing), call)
        if answer is None:
            raise not_emulated(f"{call.method} {call.arm_type}")
        return answer

    return [*UploadApi(cloud).routes(), Route("/subscriptions/{path:path}", serve, methods=METHODS)]


def forget_deleted(cloud: Cloud) -> None:
    """A deleted workspace takes its documents with it, and the last one the uploaded files."""
    documents = Documents(cloud.store)
    there = {item.id.lower() for item in cloud.resources.of_type(WORKSPACE)}
    for arm_id in documents.workspaces() - there:
        documents.delete(arm_id)
    if not there:
        Uploads(cloud).forget()


def _answers(cloud: Cloud) -> dict[str, Callable[[Call], Response | None]]:
    assets, workspaces = Assets(cloud), Workspaces(cloud)
    kinds: dict[str, Any] = dict.fromkeys(FIXED, assets.answer)
    return {**kinds, "": workspaces.answer, "computes": workspaces.answer, "batchendpoints": BatchEndpoints(cloud).answer}


def _call(cloud: Cloud, request: Request, body: bytes) -> Call:
    segments = request.url.path.strip("/").split("/")
    provider = "/".join(segments[5:7]).lower()
    if len(segments) < WORKSPACE_SEGMENTS or provider != WORKSPACE.lower():
        raise not_emulated(f"{request.method} {request.url.path}")
    return Call(
        workspace=workspace_of(cloud.resources, request.url.path),
        method="GET" if request.method == "HEAD" else request.method,
        segments=tuple(segments[WORKSPACE_SEGMENTS:]),
        query=dict(request.query_params),
        body=body,
        principal=request.state.principal.name,
    )


def _nothing(_: Call) -> None:
    return None
