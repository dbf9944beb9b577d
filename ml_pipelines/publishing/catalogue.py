"""Reads what is published: `None` for what is not there, as publishing asks before each write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from azure.ai.ml import MLClient
from azure.ai.ml.entities import BatchEndpoint, Component, Environment
from azure.core.exceptions import ResourceNotFoundError

from ml_pipelines.publishing.snapshot import DIGITS

OURS = re.compile(rf"v[0-9a-f]{{{DIGITS}}}")
"""Names that publishing gives to deployments."""


class Catalogue:
    """What a workspace holds, by name and version."""

    def __init__(self, client: MLClient) -> None:
        self._client = client

    def environment(self, name: str, version: str) -> Environment | None:
        return _found(lambda: self._client.environments.get(name, version=version))

    def component(self, name: str, version: str) -> Component | None:
        return _found(lambda: self._client.components.get(name, version=version))

    def endpoint(self, name: str) -> BatchEndpoint | None:
        return _found(lambda: self._client.batch_endpoints.get(name))

    def has_deployment(self, name: str, endpoint: str) -> bool:
        return _found(lambda: self._client.batch_deployments.get(name, endpoint)) is not None

    def deployments(self, endpoint: str) -> list[str]:
        """Names of an endpoint's deployments that publishing made, the newest first."""
        found: list[Any] = list(self._client.batch_deployments.list(endpoint))
        ours = [deployment for deployment in found if OURS.fullmatch(str(deployment.name))]
        ours.sort(key=lambda deployment: str(deployment.creation_context.created_at), reverse=True)
        return [str(deployment.name) for deployment in ours]

    def default(self, endpoint: str) -> str:
        """Name of an endpoint's default deployment; empty when there is none."""
        found = self.endpoint(endpoint)
        defaults: Any = found.defaults if found else None
        return str(defaults.deployment_name or "") if defaults else ""


def _found[T](ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except ResourceNotFoundError:
        return None
