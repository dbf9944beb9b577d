"""`/metadata/endpoints` and `/discovery`: where a client that knows nothing else learns this cloud's addresses.

Source: the answer of management.azure.com/metadata/endpoints?api-version=2019-05-01, whose keys clients take for granted.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.services.cloud import Cloud
from local.tokens import TENANT

METADATA, DISCOVERY = "/metadata/endpoints", "/discovery"
NAME = "AzureLocal"
SUFFIX = "azure.local"
"""Ends names that have Azure's form and lead nowhere; nothing the platform uses is asked for there."""

SERVICES = ("api", "catalog", "experimentation", "history", "modelmanagement", "pipelines", "studio")


def routes(cloud: Cloud) -> list[BaseRoute]:
    """The open routes; neither says anything that needs a token."""

    async def metadata(_: Request) -> Response:
        return JSONResponse([endpoints(cloud)])

    async def discovery(_: Request) -> Response:
        return JSONResponse(dict.fromkeys(SERVICES, cloud.endpoints.url("arm")))

    return [Route(METADATA, metadata), Route(DISCOVERY, discovery)]


def endpoints(cloud: Cloud) -> dict[str, Any]:
    """The cloud's addresses by the names that Resource Manager gives them."""
    manager = f"{cloud.endpoints.url('arm')}/"
    login = {"loginEndpoint": manager, "audiences": [manager], "tenant": TENANT, "identityProvider": "AAD"}
    elsewhere = {name: f"https://{name.lower()}.{SUFFIX}/" for name in ELSEWHERE}
    suffixes = {name: f"{label}.{SUFFIX}" for name, label in SUFFIXES.items()}
    # azure-ai-ml takes the labels from the third on for the cloud's suffix.
    portal = f"https://portal.{SUFFIX}"
    return {
        "name": NAME,
        "portal": portal,
        "resourceManager": manager,
        "authentication": login,
        "suffixes": suffixes,
        **elsewhere,
    }


ELSEWHERE = (
    "activeDirectoryDataLake",
    "appInsightsResourceId",
    "batch",
    "gallery",
    "graph",
    "graphAudience",
    "logAnalyticsResourceId",
    "media",
    "microsoftGraphResourceId",
    "sqlManagement",
    "vmImageAliasDoc",
)
SUFFIXES = {
    "acrLoginServer": "registry",
    "azureDataLakeAnalyticsCatalogAndJob": "analytics",
    "azureDataLakeStoreFileSystem": "lake",
    "keyVaultDns": "vault",
    "sqlServerHostname": "database",
    "storage": "core",
}
