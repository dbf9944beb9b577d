"""`PlatformOutputs`: the stack outputs by name, and the environment that jobs and containers get from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from contracts.errors import FourPartError


class OutputsMissingError(FourPartError):
    """A stack whose outputs are not those of the platform program."""


@dataclass(frozen=True, kw_only=True)
class PlatformOutputs:
    """All outputs of the platform stack; nothing else tells product code where things are.

    URLs of containers are `abfss://` roots; `way_out` is the public address from which all that runs in the network calls;
    `identities` maps a role (`ingest`, `data`, `training`, `handler`, `scoring`) to `{"name", "client_id", "principal_id", "id"}`.
    """

    stack: str
    location: str
    subscription_id: str
    tenant_id: str
    resource_group: str
    network: str
    qa_subnet_id: str
    agents_subnet_id: str
    way_out: str
    lake_account: str
    bronze_url: str
    silver_url: str
    ml_storage_account: str
    logs_url: str
    forecasts_url: str
    dead_letter_url: str
    events_namespace: str
    events_bootstrap: str
    databricks_host: str
    databricks_id: str
    access_connector_id: str
    ml_workspace: str
    mlflow_tracking_uri: str
    registry_name: str
    registry_login_server: str
    key_vault_name: str
    key_vault_uri: str
    kubernetes_name: str
    insights_id: str
    identities: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> PlatformOutputs:
        """Read a stack's outputs (`pulumi stack output --json`).

        Raises:
            OutputsMissingError: when an output is missing.
        """
        wanted = [item.name for item in fields(cls)]
        missing = [name for name in wanted if name not in outputs]
        if missing:
            happened = "The stack lacks outputs of the platform program."
            raise OutputsMissingError(
                happened,
                given=f"without {', '.join(missing)}",
                allowed=f"all of {', '.join(wanted)}",
                remedy="Run `pulumi up` on the platform stack first.",
            )
        return cls(**{name: outputs[name] for name in wanted})

    @property
    def private(self) -> bool:
        """Whether the platform's services have no public address."""
        return self.network == "private"

    @property
    def lake_id(self) -> str:
        """ARM id of the lake's storage account: the source of its events."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.Storage/storageAccounts/{self.lake_account}"

    @property
    def ml_workspace_id(self) -> str:
        """ARM id of the machine-learning workspace: the source of its events."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{self.ml_workspace}"

    @property
    def registry_id(self) -> str:
        """ARM id of the container registry: the source of its events."""
        group = f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
        return f"{group}/providers/Microsoft.ContainerRegistry/registries/{self.registry_name}"

    def json(self) -> str:
        """The outputs as one JSON object, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, indent=2)

    def environment(self, role: str) -> dict[str, str]:
        """The environment of a workload that runs as the identity of `role`; the host adds how to log in."""
        return {
            "AZURE_CLIENT_ID": self.identities[role]["client_id"],
            "BRONZE_URL": self.bronze_url,
            "SILVER_URL": self.silver_url,
            "LOGS_URL": self.logs_url,
            "FORECASTS_URL": self.forecasts_url,
            "EVENTS_BOOTSTRAP": self.events_bootstrap,
            "DATABRICKS_HOST": self.databricks_host,
            "MLFLOW_TRACKING_URI": self.mlflow_tracking_uri,
        }
