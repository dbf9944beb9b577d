"""Writes that Azure takes one at a time, and what it takes once: the second is refused, as the first is not."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import grpc
import pytest

from local.tokens import SUBSCRIPTION

CREDENTIAL = "managedidentity:FederatedIdentityCredential"
ASSIGNMENT = "authorization:RoleAssignment"
CODE = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"


@pytest.fixture
def identities(client: Any) -> list[str]:
    """Two identities in a group."""
    client.group()
    names = ["id-one", "id-two"]
    for name in names:
        client.create("managedidentity:UserAssignedIdentity", {"resourceGroupName": "rg-shop", "resourceName": name})
    return names


def credential(identity: str, name: str) -> dict[str, Any]:
    return {
        "resourceGroupName": "rg-shop",
        "resourceName": identity,
        "federatedIdentityCredentialResourceName": name,
        "issuer": "https://vstoken.dev.azure.com/organisation",
        "subject": f"sc://organisation/project/{name}",
        "audiences": ["api://AzureADTokenExchange"],
    }


def at_once(client: Any, *wanted: dict[str, Any]) -> list[str]:
    """What is said of each of some creations that begin together; empty for one that is made."""
    with ThreadPoolExecutor(len(wanted)) as pool:
        futures = [pool.submit(client.create, CREDENTIAL, inputs) for inputs in wanted]
        return [told(future) for future in futures]


def told(future: Future[Any]) -> str:
    error = future.exception()
    assert error is None or isinstance(error, grpc.Call)
    return "" if error is None else str(error.details())


def test_credentials_of_one_identity_that_are_written_at_once_are_refused_but_the_first(
    client: Any, identities: list[str]
) -> None:
    said = sorted(at_once(client, *(credential(identities[0], f"c{number}") for number in range(3))))
    assert said[0] == ""
    assert all(CODE in text and identities[0] in text for text in said[1:])


def test_one_after_the_other_and_for_two_identities_at_once_they_are_made(client: Any, identities: list[str]) -> None:
    assert at_once(client, *(credential(identity, "first") for identity in identities)) == ["", ""]
    client.create(CREDENTIAL, credential(identities[0], "second"))


def test_a_refused_write_leaves_the_identity_free_for_the_next(client: Any, identities: list[str]) -> None:
    with pytest.raises(grpc.RpcError):
        client.create(CREDENTIAL, credential("id-absent", "first"))
    client.create(CREDENTIAL, credential(identities[0], "first"))
    with pytest.raises(grpc.RpcError, match="already existing"):
        client.create(CREDENTIAL, credential(identities[0], "first"))
    client.create(CREDENTIAL, credential(identities[0], "second"))


def test_a_second_credential_for_the_same_token_is_refused_whatever_its_name(client: Any, identities: list[str]) -> None:
    client.create(CREDENTIAL, credential(identities[0], "first"))
    again = credential(identities[0], "first") | {"federatedIdentityCredentialResourceName": "second"}
    with pytest.raises(grpc.RpcError, match="Issuer and subject combination already exists"):
        client.create(CREDENTIAL, again)
    client.create(CREDENTIAL, again | {"resourceName": identities[1]})


def test_a_role_that_is_given_already_is_refused_under_another_name(client: Any) -> None:
    scope = client.group()
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{uuid4()}"
    given = {"scope": scope, "principalId": str(uuid4()), "roleDefinitionId": role, "principalType": "ServicePrincipal"}
    made, _ = client.create(ASSIGNMENT, given | {"roleAssignmentName": str(uuid4())})
    with pytest.raises(grpc.RpcError, match="RoleAssignmentExists"):
        client.create(ASSIGNMENT, given | {"roleAssignmentName": str(uuid4())})
    client.create(ASSIGNMENT, given | {"roleAssignmentName": str(uuid4()), "principalId": str(uuid4())})
    client.delete(ASSIGNMENT, made)
    client.create(ASSIGNMENT, given | {"roleAssignmentName": str(uuid4())})
