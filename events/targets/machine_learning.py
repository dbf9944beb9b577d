"""Azure ML as a target, by REST: starts what the training endpoint publishes, once per token, and tells roles of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential

from contracts.events import DataVersion
from contracts.names import MODEL, SILVER, training_endpoint
from events.errors import RetryableError
from events.targets.rest import Answer, Rest

METADATA_URL = "https://management.azure.com/metadata/endpoints?api-version=2019-05-01"
"""Where public Azure tells the addresses of its parts; other clouds have such a document at their own host."""

API_VERSION = "2025-12-01"

_ABSENT, _TAKEN = frozenset({HTTPStatus.NOT_FOUND}), frozenset({HTTPStatus.CONFLICT})
# Settings of a deployment that a job has too.
_SETTINGS = ("continue_on_step_failure", "force_rerun")
_TAG_LENGTH = 256


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where training takes place and what it reads and writes: ARM ids of workspace and registry, `abfss://` roots."""

    workspace_id: str
    silver_url: str
    forecasts_url: str
    registry_id: str
    metadata_url: str = METADATA_URL

    @property
    def endpoint(self) -> str:
        """Name of the batch endpoint that publishes the training pipeline."""
        return training_endpoint(self.workspace_id.rpartition("/")[2])


class MachineLearning:
    """One workspace, reached as this process's identity; safe to share between threads.

    Source: Azure Machine Learning REST API, `batch-endpoints`, `batch-deployments`, `jobs` and
    `model-versions` (learn.microsoft.com/rest/api/azureml).
    """

    def __init__(self, places: Places, credential: TokenCredential) -> None:
        self._places = places
        self._rest = Rest("Azure ML", credential)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def train(self, version: DataVersion, token: str, tags: Mapping[str, str]) -> str:
        """Start the training on a version of a silver table; the job's name, and so the run's id, is the token.

        The default deployment is read anew each time: switching it is how training is published and rolled back.

        Raises:
            RetryableError: when nothing is published, or the service does not answer or asks to wait.
            PoisonError: when the service refuses a request for good.
        """
        manager = self._manager()
        job = f"jobs/{token}"
        if self._call(manager, "GET", job, expected=_ABSENT).status == HTTPStatus.OK:
            return token
        body = self._job(version, self._default(manager), tags)
        answer = self._call(manager, "PUT", job, expected=_TAKEN, json=body)
        if answer.status == HTTPStatus.CONFLICT:
            # Started in between by a twin of this call; a conflict about anything else leaves no job.
            self._call(manager, "GET", job)
        return token

    def role(self, model: str, version: str) -> str:
        """The tag `role` of a registered version; empty when it has none.

        Raises:
            RetryableError: when there is no such version, or the service does not answer or asks to wait.
            PoisonError: when the service refuses the request for good.
        """
        found = self._call(self._manager(), "GET", f"models/{model}/versions/{version}", expected=_ABSENT)
        if found.status == HTTPStatus.NOT_FOUND:
            msg = f"the workspace has no version {version} of model {model}"
            raise RetryableError(msg)
        return str(_at(found.body, "properties", "tags", "role") or "")

    def _default(self, manager: str) -> dict[str, Any]:
        """The configuration of the deployment that the endpoint publishes: its component and settings."""
        endpoint = f"batchEndpoints/{self._places.endpoint}"
        found = self._call(manager, "GET", endpoint, expected=_ABSENT)
        if found.status == HTTPStatus.NOT_FOUND:
            raise _unpublished(f"the workspace has no batch endpoint {self._places.endpoint}")
        name = _at(found.body, "properties", "defaults", "deploymentName")
        if not name:
            raise _unpublished(f"batch endpoint {self._places.endpoint} has no default deployment")
        deployment = self._call(manager, "GET", f"{endpoint}/deployments/{name}", expected=_ABSENT)
        if deployment.status == HTTPStatus.NOT_FOUND:
            raise _unpublished(f"deployment {name}, the default of batch endpoint {self._places.endpoint}, is not there")
        configuration = _at(deployment.body, "properties", "deploymentConfiguration")
        if not _at(configuration, "componentId", "assetId") or not _at(configuration, "settings", "default_compute"):
            raise _unpublished(f"deployment {name} names no component or no default_compute")
        return dict(configuration)

    def _job(self, version: DataVersion, published: dict[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
        features = f"{self._places.silver_url.rstrip('/')}/{version.table.removeprefix(f'{SILVER}/')}"
        settings = {name: published["settings"][name] for name in _SETTINGS if name in published["settings"]}
        properties = {
            "jobType": "Pipeline",
            "componentId": str(published["componentId"]["assetId"]).removeprefix("azureml:"),
            "experimentName": MODEL,
            "displayName": f"{MODEL} on {version}",
            "tags": {name: text[:_TAG_LENGTH] for name, text in tags.items() if text},
            "inputs": {
                "features": {"jobInputType": "uri_folder", "mode": "Direct", "uri": features},
                "delta_version": _literal(str(version.version)),
                "forecasts_url": _literal(self._places.forecasts_url),
                "registry": _literal(self._places.registry_id),
            },
            "settings": {**settings, "default_compute": self._compute(published["settings"]["default_compute"])},
        }
        return {"properties": properties}

    def _compute(self, given: str) -> str:
        """The ARM id of a cluster; deployments name it as `azureml:NAME` or by its id, jobs only by the latter."""
        name = given.removeprefix("azureml:")
        return name if name.startswith("/") else f"{self._places.workspace_id}/computes/{name}"

    def _manager(self) -> str:
        """The address of Resource Manager in this cloud; the document of public Azure lists the other clouds too."""
        told = self._rest.read(self._places.metadata_url)
        clouds = told if isinstance(told, list) else [told]
        found = [_at(cloud, "resourceManager") for cloud in clouds]
        host = urlsplit(self._places.metadata_url).netloc
        for address in found:
            if isinstance(address, str) and urlsplit(address)[:2] == ("https", host):
                return address.rstrip("/")
        msg = f"{self._places.metadata_url} names no Resource Manager at its own host, but {found}; see ARM_CLOUD_METADATA_URL"
        raise RetryableError(msg)

    def _call(self, manager: str, method: str, path: str, *, expected: frozenset[int] = frozenset(), **request: Any) -> Answer:
        url = f"{manager}{self._places.workspace_id}/{path}"
        version = {"api-version": API_VERSION}
        return self._rest.call(method, url, scope=f"{manager}/.default", expected=expected, params=version, **request)


def _literal(text: str) -> dict[str, str]:
    return {"jobInputType": "literal", "value": text}


def _at(body: Any, *path: str) -> Any:
    """What stands at a path of keys; None where there is nothing, or something else than an object on the way."""
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def _unpublished(what: str) -> RetryableError:
    return RetryableError(f"{what}; publish the training pipeline (`python -m ml_pipelines publish OUTPUTS.json`)")
