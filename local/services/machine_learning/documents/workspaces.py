"""Workspaces and computes as Resource Manager shows them; the engine makes and changes them, so writes are refused here."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from local.resources import Resource
from local.services.arm.errors import ArmError, not_found
from local.services.cloud import Cloud
from local.services.machine_learning.documents.calls import Call
from local.services.machine_learning.workspace import COMPUTE

TOP = frozenset({"identity", "kind", "location", "sku", "systemData", "tags"})
"""What stands beside `properties` in a resource; the engine's properties are flat."""
NAMES = frozenset({"computeName", "resourceGroupName", "workspaceName"})


class Workspaces:
    """Reads of a workspace and its computes."""

    def __init__(self, cloud: Cloud) -> None:
        self._resources = cloud.resources

    def answer(self, call: Call) -> Response | None:
        """The answer to a call for the workspace itself or a compute; None when there is no such operation."""
        if call.method != "GET":
            raise _engine_only(call)
        if not call.segments:
            return JSONResponse(_workspace(self._required(call.workspace.arm_id)))
        if len(call.segments) == 1:
            start = f"{call.workspace.arm_id}/computes/".lower()
            found = [item for item in self._resources.of_type(COMPUTE) if item.id.lower().startswith(start)]
            return JSONResponse({"value": [_compute(item) for item in found]})
        return JSONResponse(_compute(self._required(call.arm_id)))

    def _required(self, arm_id: str) -> Resource:
        found = self._resources.get(arm_id)
        if found is None:
            raise not_found(arm_id)
        return found


def _workspace(resource: Resource) -> dict[str, Any]:
    rest = {name: value for name, value in resource.properties.items() if name not in TOP | NAMES}
    return {**_common(resource), "properties": rest}


def _compute(resource: Resource) -> dict[str, Any]:
    properties = {"provisioningState": "Succeeded", **(resource.properties.get("properties") or {})}
    return {**_common(resource), "properties": properties}


def _common(resource: Resource) -> dict[str, Any]:
    held = {name: resource.properties[name] for name in sorted(TOP) if name in resource.properties}
    return {"id": resource.id, "name": resource.name, "type": resource.type, **held}


def _engine_only(call: Call) -> ArmError:
    what = f"{call.method} {call.arm_id}"
    return ArmError(405, "MethodNotAllowed", f"In the local cloud the engine alone makes and changes resources: {what}.")
