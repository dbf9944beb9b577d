"""The identity endpoint, asked by the real clients."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CredentialUnavailableError, DefaultAzureCredential, ManagedIdentityCredential

SCOPE = "https://storage.azure.com/.default"
pytestmark = pytest.mark.flow


def claims(token: str) -> dict[str, str]:
    return jwt.decode(token, options={"verify_signature": False})


def test_gives_the_deployer_a_token_for_the_resource_asked(client: Callable[..., None]) -> None:
    client("deployer")
    token = claims(DefaultAzureCredential().get_token(SCOPE).token)
    assert token["name"] == "deployer"
    assert token["aud"] == "https://storage.azure.com"


def test_gives_a_workload_the_token_of_its_own_identity(client: Callable[..., None]) -> None:
    client("id-ingest")
    token = claims(ManagedIdentityCredential(client_id="client-of-id-ingest").get_token(SCOPE).token)
    assert token["oid"] == "principal-of-id-ingest"
    assert token["appid"] == "client-of-id-ingest"


def test_refuses_an_identity_that_is_no_resource(client: Callable[..., None]) -> None:
    client("id-nobody")
    with pytest.raises(CredentialUnavailableError, match="400, No Managed Identity found"):
        ManagedIdentityCredential().get_token(SCOPE)


def test_refuses_the_client_id_of_another_identity(client: Callable[..., None]) -> None:
    client("id-ingest")
    with pytest.raises((CredentialUnavailableError, ClientAuthenticationError), match="400, No User Assigned"):
        ManagedIdentityCredential(client_id="client-of-id-scoring").get_token(SCOPE)
