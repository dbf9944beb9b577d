"""What bringing up a platform, publishing to it and releasing take beyond Azure's control plane, whose owner has none of it."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.names import FORECASTS
from contracts.roles import CONTAINER, WORKSPACE_CONTAINERS


@dataclass(frozen=True, kw_only=True)
class Right:
    """A built-in role (by name, see contracts.roles) on the subscription: why, and narrowed by a condition if any."""

    name: str
    role: str
    why: str
    condition: str | None = None


RIGHTS: tuple[Right, ...] = (
    Right(name="cluster", role="Azure Kubernetes Service RBAC Cluster Admin", why="makes the namespace and what runs in it"),
    Right(name="images", role="AcrPull", why="reads manifest and labels of the image that it releases"),
    Right(name="certificates", role="Key Vault Certificates Officer", why="has the certificate of production's address issued"),
    Right(name="models", role="AzureML Data Scientist", why="publishes the training pipeline, names the champion"),
    Right(
        name="code",
        role="Storage Blob Data Contributor",
        why="uploads the code of the training pipeline, since datastores have no keys",
        condition=WORKSPACE_CONTAINERS,
    ),
    Right(
        name="forecasts",
        role="Storage Blob Data Reader",
        why="compares what an image answers with the forecasts that it was built for",
        condition=f"{CONTAINER} StringEquals '{FORECASTS}'",
    ),
)
"""Given on the subscription: the resources do not exist yet, and the pipelines make their resource group themselves."""
