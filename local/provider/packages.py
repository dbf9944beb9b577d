"""The SDKs whose resources the local provider serves."""

from __future__ import annotations

from collections.abc import Mapping

PACKAGES: Mapping[str, str] = {
    "azure-native": "pulumi_azure_native",
    "kubernetes": "pulumi_kubernetes",
    "azuredevops": "pulumi_azuredevops",
}
"""Python package by the first part of a token."""
