"""The model registry as MLflow's calls; aliases and stages are absent, as they are or go on Azure."""

from __future__ import annotations

import time
from typing import Any

from local.services.cloud import Cloud
from local.services.machine_learning.mlflow.artifacts import Artifacts
from local.services.machine_learning.mlflow.calls import Call, Table
from local.services.machine_learning.mlflow.errors import invalid, missing, taken
from local.services.machine_learning.mlflow.filters import clauses
from local.services.machine_learning.mlflow.models import Model, Registry, Version
from local.services.machine_learning.runs import Runs


class RegistryCalls:
    """Models and versions of all workspaces."""

    def __init__(self, cloud: Cloud) -> None:
        self._registry = Registry(cloud.store)
        self._artifacts = Artifacts(cloud)
        self._runs = Runs(cloud.store)

    def table(self) -> Table:
        """The calls that are served."""
        return {
            ("POST", "registered-models/create"): self._create_model,
            ("GET", "registered-models/get"): self._get_model,
            ("GET", "registered-models/search"): self._search_models,
            ("POST", "registered-models/set-tag"): self._set_model_tag,
            ("DELETE", "registered-models/delete-tag"): self._delete_model_tag,
            ("POST", "model-versions/create"): self._create,
            ("GET", "model-versions/get"): self._get,
            ("GET", "model-versions/search"): self._search,
            ("GET", "model-versions/get-download-uri"): self._download_uri,
            ("PATCH", "model-versions/update"): self._update,
            ("POST", "model-versions/set-tag"): self._set_tag,
            ("DELETE", "model-versions/delete-tag"): self._delete_tag,
        }

    def _create_model(self, call: Call) -> dict[str, Any]:
        name = call.text("name")
        if not self._registry.create(call.workspace.arm_id, name, call.optional("description"), call.pairs("tags")):
            raise taken(f"Registered Model (name={name})")
        return self._get_model(call)

    def _model(self, call: Call) -> Model:
        model = self._registry.model(call.workspace.arm_id, call.text("name"))
        if model is None:
            raise missing(f"Registered Model with name={call.text('name')}")
        return model

    def _get_model(self, call: Call) -> dict[str, Any]:
        return {"registered_model": self._model_body(call, self._model(call))}

    def _search_models(self, call: Call) -> dict[str, Any]:
        found = self._registry.models(call.workspace.arm_id)
        for clause in clauses(call.optional("filter")):
            if clause.group or clause.key != "name":
                raise invalid("Models are searched by name alone.")
            found = [model for model in found if (model.name == clause.value) is clause.equal]
        return {"registered_models": [self._model_body(call, model) for model in found]}

    def _set_model_tag(self, call: Call) -> dict[str, Any]:
        tags = {call.text("key"): call.optional("value")}
        self._registry.tag(call.workspace.arm_id, self._model(call).name, 0, tags)
        return {}

    def _delete_model_tag(self, call: Call) -> dict[str, Any]:
        self._registry.untag(call.workspace.arm_id, self._model(call).name, 0, call.text("key"))
        return {}

    def _create(self, call: Call) -> dict[str, Any]:
        model, source, now = self._model(call), call.text("source"), time.time()
        run_id = self._checked(call, source)
        version = Version(
            name=model.name,
            version=0,
            source=source,
            run_id=call.optional("run_id") or run_id,
            description=call.optional("description"),
            created=now,
            updated=now,
        )
        number = self._registry.register(call.workspace.arm_id, version, call.pairs("tags"))
        return self._get(Call(workspace=call.workspace, values={"name": model.name, "version": number}))

    def _checked(self, call: Call, source: str) -> str:
        """The run whose artifacts the source names; they must be there, under a run of this workspace."""
        run_id, path = self._artifacts.named(source)
        run = self._runs.get(run_id) if run_id else None
        if run is None or run.workspace.lower() != call.workspace.arm_id.lower():
            raise invalid(f"The source '{source}' is not an artifact path of a run in this workspace.")
        if not any(name == path or name.startswith(f"{path}/") or not path for name in self._artifacts.names(run.run_id)):
            raise invalid(f"The source '{source}' has no files.")
        if call.optional("run_id") not in {"", run.run_id}:
            raise invalid(f"The source '{source}' is not of the run '{call.optional('run_id')}'.")
        return run.run_id

    def _version(self, call: Call) -> Version:
        name, number = call.text("name"), call.text("version")
        version = self._registry.version(call.workspace.arm_id, name, number)
        if version is None:
            raise missing(f"Model Version (name={name}, version={number})")
        return version

    def _get(self, call: Call) -> dict[str, Any]:
        return {"model_version": self._body(call, self._version(call))}

    def _search(self, call: Call) -> dict[str, Any]:
        """By name alone: Azure ML refuses a search by tag."""
        wanted = clauses(call.optional("filter"))
        if len(wanted) != 1 or wanted[0].group or wanted[0].key != "name" or not wanted[0].equal:
            raise invalid(f"Unsupported filter query : `{call.optional('filter')}`. Only \"name = '<model_name>'\" is supported.")
        found = self._registry.versions(call.workspace.arm_id, wanted[0].value)
        return {"model_versions": [self._body(call, version) for version in found]}

    def _download_uri(self, call: Call) -> dict[str, Any]:
        return {"artifact_uri": self._version(call).source}

    def _update(self, call: Call) -> dict[str, Any]:
        version = self._version(call)
        self._registry.describe(call.workspace.arm_id, version.name, version.version, call.optional("description"))
        return self._get(call)

    def _set_tag(self, call: Call) -> dict[str, Any]:
        version, tags = self._version(call), {call.text("key"): call.optional("value")}
        self._registry.tag(call.workspace.arm_id, version.name, version.version, tags)
        return {}

    def _delete_tag(self, call: Call) -> dict[str, Any]:
        version = self._version(call)
        self._registry.untag(call.workspace.arm_id, version.name, version.version, call.text("key"))
        return {}

    def _model_body(self, call: Call, model: Model) -> dict[str, Any]:
        newest = self._registry.versions(call.workspace.arm_id, model.name)[:1]
        return {
            "name": model.name,
            "description": model.description,
            "creation_timestamp": int(model.created * 1000),
            "last_updated_timestamp": int(max([model.created, *(item.updated for item in newest)]) * 1000),
            "latest_versions": [self._body(call, version) for version in newest],
            "tags": _pairs(self._registry.tags(call.workspace.arm_id, model.name)),
        }

    def _body(self, call: Call, version: Version) -> dict[str, Any]:
        return {
            "name": version.name,
            "version": str(version.version),
            "creation_timestamp": int(version.created * 1000),
            "last_updated_timestamp": int(version.updated * 1000),
            "current_stage": "None",
            "description": version.description,
            "source": version.source,
            "run_id": version.run_id,
            "status": "READY",
            "tags": _pairs(self._registry.tags(call.workspace.arm_id, version.name, version.version)),
        }


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
