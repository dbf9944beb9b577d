"""Registered models as documents of Resource Manager, from the same tables as MLflow's registry; read only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.arm.errors import not_found
from local.services.cloud import Cloud
from local.services.http import ask
from local.services.machine_learning.mlflow.models import Model, Registry, Version
from local.services.machine_learning.workspace import WORKSPACE, workspace_of

MODELS = "/subscriptions/{workspace:path}/models"


class ArmModels:
    """`GET .../models[/NAME[/versions[/VERSION]]]`."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._registry = Registry(cloud.store)

    def routes(self) -> list[Route]:
        """The routes; a change of a model goes through MLflow."""
        paths = {
            MODELS: self._all,
            f"{MODELS}/{{name}}": self._one,
            f"{MODELS}/{{name}}/versions": self._versions,
            f"{MODELS}/{{name}}/versions/{{version}}": self._version,
        }
        return [Route(path, serve, methods=["GET"]) for path, serve in paths.items()]

    def _workspace(self, request: Request) -> str:
        workspace = workspace_of(self._cloud.resources, request.url.path)
        ask(request, "ml/read", workspace.arm_id)
        return workspace.arm_id

    def _model(self, request: Request) -> tuple[str, Model]:
        workspace = self._workspace(request)
        model = self._registry.model(workspace, request.path_params["name"])
        if model is None:
            raise not_found(request.url.path)
        return workspace, model

    def _all(self, request: Request) -> Response:
        workspace = self._workspace(request)
        found = self._registry.models(workspace)
        return JSONResponse({"value": [self._model_body(workspace, model) for model in found]})

    def _one(self, request: Request) -> Response:
        return JSONResponse(self._model_body(*self._model(request)))

    def _versions(self, request: Request) -> Response:
        workspace, model = self._model(request)
        top = request.query_params.get("$top", "")
        found = self._registry.versions(workspace, model.name)[: int(top) if top.isdecimal() else None]
        return JSONResponse({"value": [self._version_body(workspace, version) for version in found]})

    def _version(self, request: Request) -> Response:
        workspace, model = self._model(request)
        version = self._registry.version(workspace, model.name, request.path_params["version"])
        if version is None:
            raise not_found(request.url.path)
        return JSONResponse(self._version_body(workspace, version))

    def _model_body(self, workspace: str, model: Model) -> dict[str, Any]:
        return {
            "id": f"{workspace}/models/{model.name}",
            "name": model.name,
            "type": f"{WORKSPACE}/models",
            "properties": {
                "description": model.description,
                "tags": self._registry.tags(workspace, model.name),
                "properties": {},
                "isArchived": False,
                "latestVersion": str(model.versions) if model.versions else None,
            },
            "systemData": {"createdAt": _utc(model.created)},
        }

    def _version_body(self, workspace: str, version: Version) -> dict[str, Any]:
        return {
            "id": f"{workspace}/models/{version.name}/versions/{version.version}",
            "name": str(version.version),
            "type": f"{WORKSPACE}/models/versions",
            "properties": {
                "description": version.description,
                "tags": self._registry.tags(workspace, version.name, version.version),
                "properties": {},
                "isArchived": False,
                "isAnonymous": False,
                "flavors": {},
                "modelType": "custom_model",
                "modelUri": version.source,
                "jobName": version.run_id,
                "provisioningState": "Succeeded",
            },
            "systemData": {"createdAt": _utc(version.created), "lastModifiedAt": _utc(version.updated)},
        }


def _utc(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
