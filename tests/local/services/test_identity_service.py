"""The identity endpoint, asked by the real clients."""

from __future__ import annotations

import os
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


@pytest.fixture
def cluster(client: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set this process up as a step on a compute cluster that runs as an identity."""

    def become(identity: str) -> None:
        client(identity)
        monkeypatch.setenv("MSI_ENDPOINT", os.environ["IDENTITY_ENDPOINT"])
        monkeypatch.setenv("MSI_SECRET", identity)
        for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
            monkeypatch.delenv(name)

    return become


def test_gives_a_step_on_a_cluster_the_token_of_the_clusters_identity(cluster: Callable[[str], None]) -> None:
    cluster("id-ingest")
    credential = DefaultAzureCredential(managed_identity_client_id="client-of-id-ingest")
    token = claims(credential.get_token(SCOPE).token)
    assert token["oid"] == "principal-of-id-ingest"
    assert token["aud"] == "https://storage.azure.com"


def test_refuses_a_step_on_a_cluster_the_identity_of_another(cluster: Callable[[str], None]) -> None:
    cluster("id-ingest")
    with pytest.raises((CredentialUnavailableError, ClientAuthenticationError), match="No User Assigned"):
        ManagedIdentityCredential(client_id="client-of-id-scoring").get_token(SCOPE)


def test_refuses_an_identity_that_is_no_resource(client: Callable[..., None]) -> None:
    client("id-nobody")
    with pytest.raises(CredentialUnavailableError, match="400, No Managed Identity found"):
        ManagedIdentityCredential().get_token(SCOPE)


def test_refuses_the_client_id_of_another_identity(client: Callable[..., None]) -> None:
    client("id-ingest")
    with pytest.raises((CredentialUnavailableError, ClientAuthenticationError), match="400, No User Assigned"):
        ManagedIdentityCredential(client_id="client-of-id-scoring").get_token(SCOPE)
