"""Assets with versions that never change: environments, components, code and data.

What may still be set on a version is its description, tags, properties and whether it is archived; anything else answers
409 `UserError`, which azure-ai-ml knows as `ResourceExistsError`.
Source: learn.microsoft.com/rest/api/azureml, operations on environment, component, code and data versions.
"""

from __future__ import annotations

import uuid
from typing import Any

from starlette.responses import JSONResponse, Response

from local.services.arm import sas
from local.services.arm.errors import ArmError, invalid, not_found
from local.services.cloud import Cloud
from local.services.machine_learning.documents.calls import Call, listed
from local.services.machine_learning.documents.models import Document, Documents
from local.services.machine_learning.documents.references import refuse_missing
from local.services.machine_learning.documents.uploads import PREFIX, Uploads

FIXED: dict[str, tuple[str, ...]] = {
    "codes": ("codeUri",),
    "components": ("componentSpec",),
    "data": ("dataUri", "dataType"),
    "environments": ("condaFile", "image", "build", "osType", "inferenceConfig"),
}
"""Kinds of assets, and the properties that a version keeps for ever."""

WORDS = {"codes": "Code", "components": "Component", "data": "Data", "environments": "Environment"}
ASSET, VERSIONS, VERSION, ACTION = 2, 3, 4, 5
"""Numbers of segments: `environments/N`, `.../versions`, `.../versions/V`, `.../versions/V/ACTION`."""


class Assets:
    """Endpoints over the versioned assets of a workspace."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._documents = Documents(cloud.store)
        self._uploads = Uploads(cloud)

    def answer(self, call: Call) -> Response | None:
        """The answer to a call below a kind of asset; None when there is no such operation."""
        size, method = len(call.segments), call.method
        if size == ACTION and method == "POST" and call.segments[-1].lower() == "startpendingupload":
            return self._pending_upload(call)
        if size == VERSION:
            return {"GET": self._get, "PUT": self._put, "DELETE": self._delete}.get(method, _none)(call)
        reads = {1: self._containers, ASSET: self._container, VERSIONS: self._versions}
        return reads[size](call) if method == "GET" and size in reads else None

    def _get(self, call: Call) -> Response:
        held = self._documents.get(call.arm_id)
        if held is None:
            raise not_found(call.arm_id)
        return JSONResponse(held.body)

    def _put(self, call: Call) -> Response:
        kind, name, _, version = call.segments
        given = call.json
        properties = given.get("properties") or {}
        held = self._documents.get(call.arm_id)
        if held is not None:
            _refuse_change(kind, name, version, held.properties, properties)
        else:
            self._check(call, properties)
        body = {"properties": {**properties, "provisioningState": "Succeeded"}}
        document = call.document(self._documents, body)
        self._documents.put(document)
        return JSONResponse(document.body, 200 if held else 201)

    def _check(self, call: Call, properties: dict[str, Any]) -> None:
        """Refuse a new version that names what is not there."""
        kind = call.segments[0].lower()
        if kind == "codes" and not self._uploads.files(str(properties.get("codeUri", ""))):
            msg = f"The code uri '{properties.get('codeUri')}' holds no files."
            raise invalid(msg)
        if kind == "environments" and not (properties.get("image") or properties.get("build")):
            msg = "An environment needs an image or a build context."
            raise invalid(msg)
        if kind == "components":
            refuse_missing(self._documents, properties.get("componentSpec"))

    def _delete(self, call: Call) -> Response:
        return Response(status_code=200 if self._documents.delete(call.arm_id) else 204)

    def _versions(self, call: Call) -> Response:
        """Versions, the newest first; code is looked up by hash across all names, since names of code are random."""
        wanted = call.query.get("hash")
        if wanted is None:
            versions = self._documents.versions(call.arm_id.rpartition("/")[0])
            return JSONResponse(listed(versions, call.query))
        found = self._documents.below(call.workspace.arm_id, call.segments[0])
        same = [item for item in found if (item.properties.get("properties") or {}).get("hash_sha256") == wanted]
        return JSONResponse(listed(same, call.query))

    def _container(self, call: Call) -> Response:
        versions = self._documents.versions(call.arm_id)
        if not versions:
            raise not_found(call.arm_id)
        return JSONResponse(_container(call.arm_id, versions))

    def _containers(self, call: Call) -> Response:
        assets: dict[str, list[Document]] = {}
        for item in self._documents.below(call.workspace.arm_id, call.segments[0]):
            assets.setdefault(item.arm_id.rsplit("/", 2)[0], []).append(item)
        return JSONResponse({"value": [_container(arm_id, versions) for arm_id, versions in sorted(assets.items())]})

    def _pending_upload(self, call: Call) -> Response:
        container = str(uuid.uuid4())
        address = self._uploads.url(container)
        signed = f"{address}?{sas.signed(self._cloud, f'{PREFIX}/{container}')}"
        reference = {"blobUri": address, "credential": {"credentialType": "SAS", "sasUri": signed}}
        account = {"storageAccountArmId": call.workspace.storage_account}
        body = {"pendingUploadType": "TemporaryBlobReference", "pendingUploadId": container}
        return JSONResponse({**body, "blobReferenceForConsumption": {**reference, **account}})


def _none(_: Call) -> None:
    return None


def _refuse_change(kind: str, name: str, version: str, held: dict[str, Any], given: dict[str, Any]) -> None:
    if all(held.get(field) == given.get(field) for field in FIXED[kind.lower()]):
        return
    message = f"{WORDS[kind.lower()]} {name} with version {version} is already registered and cannot be changed."
    raise ArmError(409, "UserError", message)


def _container(arm_id: str, versions: list[Document]) -> dict[str, Any]:
    """An asset as a whole, which follows from its versions (the newest first)."""
    numbers = [int(item.name) for item in versions if item.name.isdigit()]
    told = {"isArchived": False, "latestVersion": versions[0].name, "nextVersion": str(max(numbers, default=0) + 1)}
    kind = str(versions[0].body["type"]).rpartition("/")[0]
    return {"id": arm_id, "name": arm_id.rpartition("/")[2], "type": kind, "properties": told}
