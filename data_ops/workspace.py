"""The Databricks workspace, reached with the Entra identity that this process has."""

from __future__ import annotations

from collections.abc import Callable
from typing import override

from azure.identity import DefaultAzureCredential
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.credentials_provider import CredentialsStrategy

SCOPE = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default"
"""The application id of Azure Databricks, the same in every tenant (learn.microsoft.com, aad-token-manual)."""


class EntraCredentials(CredentialsStrategy):
    """Tokens of azure-identity; its credential caches and renews them."""

    def __init__(self) -> None:
        self._credential = DefaultAzureCredential()

    @override
    def auth_type(self) -> str:
        return "azure-identity"

    @override
    def __call__(self, cfg: Config) -> Callable[[], dict[str, str]]:
        def headers() -> dict[str, str]:
            return {"Authorization": f"Bearer {self._credential.get_token(SCOPE).token}"}

        return headers


def workspace(host: str) -> WorkspaceClient:
    """A client of the workspace at `host`."""
    return WorkspaceClient(
        host=host, credentials_strategy=EntraCredentials(), product="mlops-forecasting", product_version="0.1.0"
    )
