"""Logins as the identity of Azure ML compute, also for storage clients that do not speak its protocol."""

from __future__ import annotations

import os

from azure.identity import DefaultAzureCredential

TOKEN = "AZURE_STORAGE_TOKEN"  # noqa: S105 - the name of a variable
SCOPE = "https://storage.azure.com/.default"


def compute_credential() -> DefaultAzureCredential:
    """A login as the identity of the compute; elsewhere as azure-identity finds one."""
    return DefaultAzureCredential(managed_identity_client_id=os.environ.get("DEFAULT_IDENTITY_CLIENT_ID"))


def storage_login(url: str) -> None:
    """Log in for the Delta and object-store clients of this process, as the identity of the compute.

    Their common core asks App Service's and virtual machines' token endpoints; an Azure ML cluster has another one
    (`MSI_ENDPOINT` with `MSI_SECRET`), which only azure-identity knows, so the token is passed on in the environment. It
    lives for an hour at least, longer than a step that reads or writes once. Plain paths need no login.

    Raises:
        azure.core.exceptions.ClientAuthenticationError: when no identity answers.
    """
    if "://" not in url:
        return
    with compute_credential() as credential:
        os.environ[TOKEN] = credential.get_token(SCOPE).token
