"""Batch endpoints and their deployments; the default deployment of an endpoint is what starts when nothing else is named.

Source: learn.microsoft.com/rest/api/azureml, batch-endpoints and batch-deployments: what is made or deleted takes its time.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from contracts.names import RULES
from local.services.arm.errors import ArmError, invalid, not_found
from local.services.cloud import Cloud
from local.services.machine_learning import operations
from local.services.machine_learning.documents.calls import Call, listed
from local.services.machine_learning.documents.models import Document, Documents
from local.services.machine_learning.documents.names import refuse_name
from local.services.machine_learning.documents.references import refuse_absent

ENDPOINT, DEPLOYMENTS, DEPLOYMENT = 2, 3, 4
"""Numbers of segments: `batchEndpoints/N`, `.../deployments`, `.../deployments/D`."""


class BatchEndpoints:
    """Endpoints over the batch endpoints of a workspace."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._documents = Documents(cloud.store)

    def answer(self, call: Call) -> Response | None:
        """The answer to a call; None when there is no such operation."""
        size = len(call.segments)
        if call.method == "GET" and size in (1, DEPLOYMENTS):
            return self._list(call)
        if size == ENDPOINT:
            return {"GET": self._get, "PUT": self._put_endpoint, "DELETE": self._delete}.get(call.method, _none)(call)
        if size == DEPLOYMENT and call.segments[2].lower() == "deployments":
            operations = {"GET": self._get, "PUT": self._put_deployment, "DELETE": self._delete_deployment}
            return operations.get(call.method, _none)(call)
        return None

    def _list(self, call: Call) -> Response:
        if len(call.segments) == DEPLOYMENTS:
            self._endpoint(call)
        return JSONResponse(listed(self._documents.children(call.arm_id), call.query))

    def _get(self, call: Call) -> Response:
        held = self._documents.get(call.arm_id)
        if held is None:
            raise not_found(call.arm_id)
        return JSONResponse(held.body)

    def _put_endpoint(self, call: Call) -> Response:
        refuse_name("batch endpoint", call.segments[1], RULES["batch_endpoint"])
        given = call.json
        properties = given.get("properties") or {}
        default = _default(properties)
        if default and self._documents.get(f"{call.arm_id}/deployments/{default}") is None:
            msg = f"The default deployment '{default}' does not exist under the endpoint '{call.segments[1]}'."
            raise invalid(msg)
        scoring = f"{self._cloud.endpoints.url('arm')}{call.arm_id}/jobs"
        told = {"scoringUri": scoring, "swaggerUri": "", "provisioningState": "Succeeded"}
        return self._keep(call, given, {**properties, **told})

    def _put_deployment(self, call: Call) -> Response:
        self._endpoint(call)
        given = call.json
        properties = given.get("properties") or {}
        configuration = properties.get("deploymentConfiguration") or {}
        if configuration.get("deploymentConfigurationType") != "PipelineComponent":
            raise ArmError(501, "NotImplemented", "The local cloud emulates deployments of pipeline components only.")
        component = str((configuration.get("componentId") or {}).get("assetId") or "")
        refuse_absent(self._documents, "component", component)
        return self._keep(call, given, {**properties, "provisioningState": "Succeeded"})

    def _keep(self, call: Call, given: dict[str, Any], properties: dict[str, Any]) -> Response:
        there = self._documents.get(call.arm_id) is not None
        tracked: dict[str, Any] = {"location": call.workspace.location, "tags": {}}
        document = call.document(self._documents, {**tracked, **given, "properties": properties})
        self._documents.put(document)
        return JSONResponse(document.body) if there else operations.created(self._cloud, call.workspace, document.body)

    def _delete(self, call: Call) -> Response:
        there = self._documents.delete(call.arm_id)
        return operations.accepted(self._cloud, call.workspace) if there else Response(status_code=204)

    def _delete_deployment(self, call: Call) -> Response:
        endpoint = self._endpoint(call)
        if _default(endpoint.properties).lower() == call.segments[-1].lower():
            msg = f"The deployment '{call.segments[-1]}' is the default of its endpoint and can't be deleted."
            raise invalid(f"{msg} Set another default deployment first.")
        return self._delete(call)

    def _endpoint(self, call: Call) -> Document:
        arm_id = "/".join((call.workspace.arm_id, *call.segments[:2]))
        held = self._documents.get(arm_id)
        if held is None:
            raise not_found(arm_id)
        return held


def _default(properties: dict[str, Any]) -> str:
    return str((properties.get("defaults") or {}).get("deploymentName") or "")


def _none(_: Call) -> None:
    return None
