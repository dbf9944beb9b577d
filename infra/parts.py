"""Parts of the platform by name, for the tables that say something of each: endpoints, logs, alarms."""

from __future__ import annotations

from enum import StrEnum


class Part(StrEnum):
    """Resources that others enter, watch or log."""

    LAKE = "lake"
    ML_STORAGE = "ml-storage"
    VAULT = "vault"
    REGISTRY = "registry"
    BUS = "bus"
    DATABRICKS = "databricks"
    WORKSPACE = "workspace"
    CLUSTER = "cluster"
