"""Reads images of a registry: which digest a tag names, and what its image says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.containerregistry import ContainerRegistryClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError


@dataclass(frozen=True, kw_only=True)
class Found:
    """The image that a tag names now."""

    digest: str
    labels: Mapping[str, str]


class Registry:
    """One registry's images, read by the OCI distribution protocol as the identity of a credential."""

    def __init__(self, login_server: str, credential: TokenCredential) -> None:
        self.login_server = login_server
        self._credential = credential

    def find(self, repository: str, tag: str) -> Found | None:
        """The image of a tag; None when there is no such repository or tag.

        Raises:
            azure.core.exceptions.AzureError: when the registry does not answer or refuses.
        """
        with ContainerRegistryClient(f"https://{self.login_server}", self._credential) as client:
            try:
                found = client.get_manifest(repository, tag)
            except ResourceNotFoundError:
                return None
            manifest: Mapping[str, Any] = found.manifest or {}
            config = b"".join(client.download_blob(repository, manifest["config"]["digest"]))
        told: dict[str, Any] = json.loads(config)
        return Found(digest=str(found.digest), labels=told.get("config", {}).get("Labels") or {})
