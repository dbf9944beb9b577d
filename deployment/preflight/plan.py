"""What a deployment of the stack will ask of the subscription: names, machine sizes, kinds of resources, rights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.settings import Settings

NAMESPACES = (
    "Microsoft.AlertsManagement",
    "Microsoft.Authorization",
    "Microsoft.Compute",
    "Microsoft.Consumption",
    "Microsoft.ContainerInstance",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.Dashboard",
    "Microsoft.Databricks",
    "Microsoft.DevCenter",
    "Microsoft.DevOpsInfrastructure",
    "Microsoft.EventGrid",
    "Microsoft.EventHub",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.MachineLearningServices",
    "Microsoft.ManagedIdentity",
    "Microsoft.Monitor",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Resources",
    "Microsoft.Storage",
)
"""Resource providers of every stack; virtual machines are made by the services."""

RIGHTS = (
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Authorization/roleAssignments/write",
)
"""Actions by which the roles that a deployment needs are told from lesser ones."""


@dataclass(frozen=True, kw_only=True)
class GlobalName:
    """A name that nobody else on Azure may have: its type, and the question whether it is free."""

    name: str
    type: str
    question: str
    version: str


def global_names(settings: Settings) -> tuple[GlobalName, ...]:
    """Names of the stack that are global on Azure and can be asked for."""
    names = settings.names
    storage, vaults = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
    registries, namespaces = "Microsoft.ContainerRegistry/registries", "Microsoft.EventHub/namespaces"
    rows = (
        (names.lake, storage, "checkNameAvailability", "2023-05-01"),
        (names.ml_storage, storage, "checkNameAvailability", "2023-05-01"),
        (names.databricks_storage, storage, "checkNameAvailability", "2023-05-01"),
        (names.key_vault, vaults, "checkNameAvailability", "2023-07-01"),
        (names.registry, registries, "checkNameAvailability", "2023-07-01"),
        (names.event_hubs, namespaces, "CheckNameAvailability", "2024-01-01"),
    )
    return tuple(
        GlobalName(name=name, type=kind, question=f"/providers/{kind.partition('/')[0]}/{question}", version=version)
        for name, kind, question, version in rows
    )


def cluster_nodes(settings: Settings) -> Mapping[str, int]:
    """The most nodes of each size that AKS may make."""
    found: dict[str, int] = {}
    for pool in (settings.cluster.system, settings.cluster.user):
        found[pool.size] = found.get(pool.size, 0) + pool.most
    return found


def training_nodes(settings: Settings) -> Mapping[str, int]:
    """The most nodes of each size that Azure ML may make."""
    compute = settings.compute
    return {compute.cpu_size: compute.cpu_max_nodes, compute.gpu_size: compute.gpu_max_nodes}
