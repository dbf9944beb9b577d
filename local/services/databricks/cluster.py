"""What a task finds around it: the packages of its libraries and the environment variables of its cluster."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from local.environment import client_environment
from local.environments.environments import Environment
from local.resources import Resources
from local.services.cloud import Cloud
from local.services.databricks.models import Run
from local.services.databricks.volumes import Volumes

BASE = ("PATH", "HOME", "LANG")
"""All that a task's process takes over from the machine."""

LOGIN = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "AZURE_MSI_ENDPOINT")


def packages(task: Mapping[str, Any], run: Run, volumes: Volumes) -> Environment:
    """The environment document of a task: its cluster's libraries, or its serverless environment's dependencies.

    Raises:
        DatabricksError: 404 NOT_FOUND for a library that is not in its volume.
    """
    lines: list[str] = []
    wheels = []
    for item in _libraries(task, run):
        if item.startswith("-r "):
            lines.append(volumes.read(item.removeprefix("-r ").strip()).read_text())
        elif item.startswith("/Volumes/"):
            wheels.append(volumes.read(item))
        else:
            lines.append(item)
    return Environment(requirements="\n".join(lines), wheels=tuple(wheels))


def variables(task: Mapping[str, Any], run: Run, cloud: Cloud) -> dict[str, str]:
    """The whole environment of a task's process; `spark_env_vars` of its cluster win over what the host sets.

    The process can log in as the user-assigned identity whose client id is in `AZURE_CLIENT_ID`, or not at all.
    """
    given = {name: str(value) for name, value in (_cluster(task, run).get("spark_env_vars") or {}).items()}
    identity = identity_of(cloud.resources, given.get("AZURE_CLIENT_ID", ""))
    host = client_environment(cloud, identity or "", lake_of(cloud.resources))
    if identity is None:
        host = {name: value for name, value in host.items() if name not in LOGIN}
    base = {name: os.environ[name] for name in BASE if name in os.environ}
    return {**base, "PYTHONUNBUFFERED": "1", **host, **given}


def identity_of(resources: Resources, client_id: str) -> str | None:
    """Name of the user-assigned identity with this client id."""
    for identity in resources.of_type("Microsoft.ManagedIdentity/userAssignedIdentities"):
        if client_id and identity.properties.get("clientId") == client_id:
            return identity.name
    return None


def lake_of(resources: Resources) -> str:
    """Name of the storage account with a hierarchical namespace, or nothing."""
    accounts = resources.of_type("Microsoft.Storage/storageAccounts")
    return next((account.name for account in accounts if account.properties.get("isHnsEnabled")), "")


def _libraries(task: Mapping[str, Any], run: Run) -> list[str]:
    if key := task.get("environment_key"):
        environments = run.settings.get("environments", [])
        named = next(item for item in environments if item["environment_key"] == key)
        return list((named.get("spec") or {}).get("dependencies", []))
    libraries = task.get("libraries", [])
    return [item["whl"] if "whl" in item else f"-r {item['requirements']}" for item in libraries]


def _cluster(task: Mapping[str, Any], run: Run) -> Mapping[str, Any]:
    if key := task.get("job_cluster_key"):
        clusters = run.settings.get("job_clusters", [])
        return next(item["new_cluster"] for item in clusters if item["job_cluster_key"] == key)
    return task.get("new_cluster") or {}
