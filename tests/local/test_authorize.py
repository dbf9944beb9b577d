"""What a role assignment gives: by principal, role and scope; a conditional one gives nothing here."""

import pytest

from contracts.roles import ROLES, WORKSPACE_CONTAINERS
from local.authorize import authorized, operation
from local.resources import Resource, Resources
from local.store import Store
from local.tokens import DEPLOYER, Principal

LAKE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/lake"
BRONZE = f"{LAKE}/blobServices/default/containers/bronze"
READER = Principal(name="reader", client_id="c", object_id="o")


@pytest.fixture
def resources(tmp_path):
    return Resources(Store(tmp_path / "cloud.db"))


def assign(resources, role="Storage Blob Data Reader", scope=BRONZE, **more):
    definition = f"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
    properties = {"roleDefinitionId": definition, "principalId": "o", "scope": scope, **more}
    kind = "Microsoft.Authorization/roleAssignments"
    resources.put(Resource(id=f"{scope}/providers/{kind}/1", type=kind, name="1", properties=properties))


def test_nothing_is_given_without_an_assignment(resources):
    assert not authorized(resources, READER, "blob/read", BRONZE)
    assert authorized(resources, Principal(name=DEPLOYER, client_id="", object_id=""), "blob/write", BRONZE)


def test_a_reader_reads_and_does_not_write(resources):
    assign(resources)
    assert authorized(resources, READER, "blob/read", BRONZE.upper())
    assert not authorized(resources, READER, "blob/write", BRONZE)


def test_an_assignment_holds_below_its_scope_and_nowhere_else(resources):
    assign(resources, scope=LAKE)
    assert authorized(resources, READER, "blob/read", BRONZE)
    assert not authorized(resources, READER, "blob/read", LAKE.replace("lake", "lake2"))


def test_another_principal_gets_nothing(resources):
    assign(resources)
    assert not authorized(resources, Principal(name="x", client_id="", object_id="other"), "blob/read", BRONZE)


def test_a_condition_on_the_containers_name_gives_those_containers_alone(resources):
    assign(resources, scope=LAKE, condition=WORKSPACE_CONTAINERS)
    assert authorized(resources, READER, "blob/read", f"{LAKE}/blobServices/default/containers/azureml-blobstore-1")
    assert not authorized(resources, READER, "blob/read", BRONZE)
    assert not authorized(resources, READER, "blob/read", LAKE)


def test_an_assignment_with_a_condition_that_is_not_evaluated_gives_nothing(resources):
    assign(resources, condition="@Principal[...] StringEquals 'x'")
    assert not authorized(resources, READER, "blob/read", BRONZE)


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("blob/read", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"),
        ("ml/jobs/write", "Microsoft.MachineLearningServices/workspaces/jobs/write"),
        ("registry/tasks", "Microsoft.ContainerRegistry/registries/scheduleRun/action"),
    ],
)
def test_a_refusal_names_azures_operation(action, told):
    assert operation(action) == told


def test_an_officer_of_certificates_makes_them_and_a_user_of_secrets_reads_their_keys(resources):
    vault = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
    create, read = "vault/certificates/create/action", "vault/secrets/getSecret/action"
    for role, given, barred in (("Key Vault Certificates Officer", create, read), ("Key Vault Secrets User", read, create)):
        assign(resources, role, vault)
        assert authorized(resources, READER, given, f"{vault}/{given.split('/')[1]}/scoring")
        assert not authorized(resources, READER, barred, f"{vault}/{barred.split('/')[1]}/scoring")
    assert operation(create) == "Microsoft.KeyVault/vaults/certificates/create/action"
