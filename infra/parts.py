"""Parts of the platform by name, for the tables that say something of each: endpoints, logs, alarms."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Part(StrEnum):
    """Resources that others enter, watch or log."""

    LAKE = "lake"
    ML_STORAGE = "ml-storage"
    VAULT = "vault"
    REGISTRY = "registry"
    BUS = "bus"
    DATABRICKS = "databricks"
    DATABRICKS_STORAGE = "databricks-storage"
    WORKSPACE = "workspace"
    CLUSTER = "cluster"
    NETWORK = "network"
    LAKE_TOPIC = "lake-topic"
    REGISTRY_TOPIC = "registry-topic"
    WORKSPACE_TOPIC = "workspace-topic"
    LOG_ANALYTICS = "log-analytics"
    METRICS = "metrics"


NAMESPACES: Mapping[Part, str] = {
    Part.LAKE: "Microsoft.Storage/storageAccounts",
    Part.ML_STORAGE: "Microsoft.Storage/storageAccounts",
    Part.VAULT: "Microsoft.KeyVault/vaults",
    Part.BUS: "Microsoft.EventHub/namespaces",
    Part.WORKSPACE: "Microsoft.MachineLearningServices/workspaces",
    Part.CLUSTER: "Microsoft.ContainerService/managedClusters",
    Part.LAKE_TOPIC: "Microsoft.EventGrid/systemTopics",
    Part.REGISTRY_TOPIC: "Microsoft.EventGrid/systemTopics",
    Part.WORKSPACE_TOPIC: "Microsoft.EventGrid/systemTopics",
}
"""Namespace of the metrics of the parts whose metrics are watched."""
