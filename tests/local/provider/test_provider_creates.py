"""Creating, reading, changing and removing resources through the gRPC interface."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from local.provider import wire
from local.tokens import SUBSCRIPTION, TENANT

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-shop"
ACCOUNT: dict[str, Any] = {
    "resourceGroupName": "rg-shop",
    "accountName": "dlsshop",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
}


def urn(kind: str) -> str:
    return f"urn:pulumi:dev::shop::shop:Part$azure-native:{kind}::it"


def refusal(call: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **named)
    assert isinstance(caught.value, grpc.Call)
    return str(caught.value.details())


def test_a_created_account_exists_and_has_azures_outputs(client: Any) -> None:
    client.group()
    made, outputs = client.create("storage:StorageAccount", {**ACCOUNT, "identity": {"type": "SystemAssigned"}})
    assert made == f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/dlsshop"
    assert outputs["name"] == "dlsshop"
    assert outputs["type"] == "Microsoft.Storage/storageAccounts"
    assert outputs["azureApiVersion"] == "2024-01-01"
    assert outputs["primaryEndpoints"]["blob"] == f"https://127.0.0.1:{client.endpoints.blob}/dlsshop/"
    assert outputs["identity"]["tenantId"] == TENANT
    assert len(outputs["identity"]["principalId"]) == 36
    assert outputs["location"] == "westeurope", "a resource without a location gets its group's"
    assert client.resources.get(made.upper()).properties == outputs


def test_an_unknown_kind_is_refused_with_the_list_of_kinds(client: Any) -> None:
    text = refusal(client.check, "network:ExpressRouteCircuit", {})
    assert "azure-native:network:ExpressRouteCircuit is not emulated" in text
    assert "azure-native:storage:StorageAccount" in text


def test_an_unknown_function_is_refused_by_name(client: Any) -> None:
    text = refusal(client.stub.Invoke, pb.InvokeRequest(tok="azure-native:storage:listStorageAccountKeys"))
    assert "azure-native:storage:listStorageAccountKeys is not emulated" in text


def test_the_client_configuration_names_the_subscription(client: Any) -> None:
    answer = client.stub.Invoke(pb.InvokeRequest(tok="azure-native:authorization:getClientConfig"))
    assert wire.read(getattr(answer, "return"))["subscriptionId"] == SUBSCRIPTION


def test_refuses_a_resource_whose_group_is_missing(client: Any) -> None:
    text = refusal(client.create, "storage:StorageAccount", ACCOUNT)
    assert 'Code="ResourceGroupNotFound" Message="Resource group \'rg-shop\' could not be found."' in text
    assert client.resources.all() == []


def test_refuses_a_container_whose_account_is_missing(client: Any) -> None:
    client.group()
    inputs = {"resourceGroupName": "rg-shop", "accountName": "dlsshop", "containerName": "bronze"}
    text = refusal(client.create, "storage:BlobContainer", inputs)
    assert 'Code="ParentResourceNotFound"' in text
    assert f"the parent resource '{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/dlsshop' could not be found" in text


def test_refuses_a_resource_that_is_there_already_in_other_letters(client: Any) -> None:
    client.group()
    client.create("storage:StorageAccount", ACCOUNT)
    text = refusal(client.create, "storage:StorageAccount", {**ACCOUNT, "resourceGroupName": "RG-shop"})
    assert "cannot create already existing resource" in text


def test_refuses_a_second_event_hubs_namespace(client: Any) -> None:
    client.group()
    inputs = {"resourceGroupName": "rg-shop", "namespaceName": "evh-shop"}
    _, outputs = client.create("eventhub:Namespace", inputs)
    assert outputs["serviceBusEndpoint"] == f"https://127.0.0.1:{client.endpoints.kafka}/"
    refused = refusal(client.create, "eventhub:Namespace", {**inputs, "namespaceName": "evh-other"})
    assert "serves one Microsoft.EventHub/namespaces" in refused


def test_refuses_a_second_registry(client: Any) -> None:
    client.group()
    inputs = {"resourceGroupName": "rg-shop", "registryName": "crshop", "sku": {"name": "Standard"}}
    _, outputs = client.create("containerregistry:Registry", inputs)
    assert outputs["loginServer"] == f"127.0.0.1:{client.endpoints.registry}"
    refused = refusal(client.create, "containerregistry:Registry", {**inputs, "registryName": "crother"})
    assert "serves one Microsoft.ContainerRegistry/registries" in refused


def test_refuses_a_subscription_whose_dead_letter_container_is_missing(client: Any) -> None:
    client.group()
    lake, _ = client.create("storage:StorageAccount", ACCOUNT)
    topic = {"resourceGroupName": "rg-shop", "systemTopicName": "egst-lake"}
    client.create("eventgrid:SystemTopic", {**topic, "source": lake, "topicType": "Microsoft.Storage.StorageAccounts"})
    letters = {"endpointType": "StorageBlob", "resourceId": lake, "blobContainerName": "dead-letter"}
    inputs = {**topic, "eventSubscriptionName": "data-committed", "deadLetterDestination": letters}
    text = refusal(client.create, "eventgrid:SystemTopicEventSubscription", inputs)
    assert 'Code="ResourceNotFound"' in text
    assert "containers/dead-letter" in text
    client.create(
        "storage:BlobContainer", {"resourceGroupName": "rg-shop", "accountName": "dlsshop", "containerName": "dead-letter"}
    )
    assert client.create("eventgrid:SystemTopicEventSubscription", inputs)[0].endswith("eventSubscriptions/data-committed")


def test_refuses_a_role_assignment_on_a_scope_that_is_missing(client: Any) -> None:
    client.group()
    scope = f"{GROUP_ID}/providers/Microsoft.Storage/storageAccounts/dlsshop"
    inputs = {
        "roleAssignmentName": "6b2c1ba6-1f0c-4c0f-8bb0-8d2e8f1b7a11",
        "scope": scope,
        "principalId": "p",
        "roleDefinitionId": "r",
    }
    assert 'Code="ResourceNotFound"' in refusal(client.create, "authorization:RoleAssignment", inputs)
    client.create("storage:StorageAccount", ACCOUNT)
    made, outputs = client.create("authorization:RoleAssignment", inputs)
    assert made.startswith(f"{scope}/providers/Microsoft.Authorization/roleAssignments/")
    assert outputs["scope"] == scope


def test_user_assigned_identities_come_as_a_list_and_leave_as_a_map(client: Any) -> None:
    client.group()
    identity, held = client.create(
        "managedidentity:UserAssignedIdentity", {"resourceGroupName": "rg-shop", "resourceName": "id-shop"}
    )
    inputs = {**ACCOUNT, "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]}}
    made, outputs = client.create("storage:StorageAccount", inputs)
    assert outputs["identity"]["userAssignedIdentities"] == {
        identity: {"clientId": held["clientId"], "principalId": held["principalId"]}
    }
    read = client.stub.Read(pb.ReadRequest(urn=urn("storage:StorageAccount"), id=made, inputs=wire.write(inputs)))
    assert wire.read(read.inputs) == inputs


def test_refuses_an_identity_that_is_missing(client: Any) -> None:
    client.group()
    identity = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop"
    inputs = {**ACCOUNT, "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]}}
    assert "id-shop' under resource group 'rg-shop' was not found" in refusal(client.create, "storage:StorageAccount", inputs)


def test_a_deleted_group_takes_everything_in_it_along(client: Any) -> None:
    group = client.group()
    client.create("storage:StorageAccount", ACCOUNT)
    client.create("storage:BlobContainer", {**container(), "containerName": "bronze"})
    client.create("resources:ResourceGroup", {"resourceGroupName": "rg-shop-2", "location": "westeurope"})
    client.delete("resources:ResourceGroup", group)
    client.delete("resources:ResourceGroup", group)
    assert [resource.name for resource in client.resources.all()] == ["rg-shop-2"]


def container() -> dict[str, Any]:
    return {"resourceGroupName": "rg-shop", "accountName": "dlsshop"}


def test_a_missing_resource_reads_as_an_empty_id(client: Any) -> None:
    answer = client.stub.Read(pb.ReadRequest(urn=urn("storage:StorageAccount"), id=f"{GROUP_ID}/providers/x/y/z"))
    assert answer.id == ""


def test_an_imported_resource_gives_inputs_that_pass_the_checks(client: Any) -> None:
    client.group()
    made, _ = client.create("storage:StorageAccount", {**ACCOUNT, "identity": {"type": "SystemAssigned"}})
    answer = client.stub.Read(pb.ReadRequest(urn=urn("storage:StorageAccount"), id=made))
    inputs = wire.read(answer.inputs)
    assert inputs["sku"] == {"name": "Standard_LRS"}
    assert inputs["identity"] == {"type": "SystemAssigned"}
    assert client.check("storage:StorageAccount", inputs) == {}


def test_a_secret_input_comes_back_marked_and_is_never_named_in_a_fault(client: Any) -> None:
    client.group()
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": {"owner": "canary"}}
    answer = client.stub.Create(
        pb.CreateRequest(urn=urn("storage:StorageAccount"), properties=wire.write({**ACCOUNT, "tags": secret}))
    )
    assert wire.secret_names(answer.properties) == {"tags"}
    assert wire.read(answer.properties)["tags"] == {"owner": "canary"}
    hidden = {**secret, "value": "canary"}
    faults = client.check("storage:StorageAccount", {**ACCOUNT, "kind": hidden})
    assert list(faults) == ["kind"]
    assert "canary" not in faults["kind"]


def test_a_fixed_property_cannot_be_changed(client: Any) -> None:
    client.group()
    workspace = {"resourceGroupName": "rg-shop", "workspaceName": "mlw-shop", "hbiWorkspace": False}
    made, _ = client.create("machinelearningservices:Workspace", workspace)
    request = pb.UpdateRequest(
        urn=urn("machinelearningservices:Workspace"),
        id=made,
        old_inputs=wire.write(workspace),
        news=wire.write({**workspace, "hbiWorkspace": True}),
    )
    assert "Changing property 'hbiWorkspace' is not allowed" in refusal(client.stub.Update, request)


def test_an_update_changes_what_services_see(client: Any) -> None:
    client.group()
    made, _ = client.create("storage:StorageAccount", ACCOUNT)
    news = {**ACCOUNT, "allowSharedKeyAccess": False}
    request = pb.UpdateRequest(urn=urn("storage:StorageAccount"), id=made, old_inputs=wire.write(ACCOUNT), news=wire.write(news))
    client.stub.Update(request)
    assert client.resources.get(made).properties["allowSharedKeyAccess"] is False


def test_a_deleted_vault_holds_its_name_until_it_is_recovered(client: Any) -> None:
    client.group()
    properties = {"tenantId": "t", "sku": {"family": "A", "name": "standard"}, "softDeleteRetentionInDays": 7}
    inputs = {"resourceGroupName": "rg-shop", "vaultName": "kv-shop", "location": "westeurope", "properties": properties}
    recovering = {**inputs, "properties": {**properties, "createMode": "recover"}}
    assert "DeletedVaultNotFound" in refusal(client.create, "keyvault:Vault", recovering)
    made, _ = client.create("keyvault:Vault", inputs)
    client.delete("keyvault:Vault", made)
    assert "already exists in deleted state: 'kv-shop'" in refusal(client.create, "keyvault:Vault", inputs)
    assert client.create("keyvault:Vault", recovering)[0] == made
    client.delete("keyvault:Vault", made)
    assert client.create("keyvault:Vault", recovering)[0] == made


def test_a_vault_of_a_stack_from_before_it_answered_here_is_brought_up_to_its_address(client: Any) -> None:
    client.group()
    inputs = {"resourceGroupName": "rg-shop", "vaultName": "kv-shop", "properties": {"enableSoftDelete": True}}
    made, told = client.create("keyvault:Vault", inputs)
    assert client.diff("keyvault:Vault", inputs, inputs, held=(made, told)).changes == pb.DiffResponse.DIFF_NONE
    before = {**told, "properties": {**told["properties"], "vaultUri": "https://kv-shop.vault.azure.net/"}}
    found = client.diff("keyvault:Vault", inputs, inputs, held=(made, before))
    assert (found.changes, list(found.diffs), list(found.replaces)) == (pb.DiffResponse.DIFF_SOME, ["properties"], [])


def test_an_id_anywhere_in_the_inputs_has_to_lead_somewhere(client: Any) -> None:
    group = client.group()
    network = {"resourceGroupName": "rg-shop", "virtualNetworkName": "vnet-shop", "subnets": [{"name": "endpoints"}]}
    made, _ = client.create("network:VirtualNetwork", network)
    vault = {"resourceGroupName": "rg-shop", "privateEndpointName": "pe-shop", "subnet": {"id": f"{made}/subnets/other"}}
    assert "subnets/other' under resource group 'rg-shop' was not found" in refusal(
        client.create, "network:PrivateEndpoint", vault
    )
    lake = f"{group}/providers/Microsoft.Storage/storageAccounts/dlsshop"
    connection = {"name": "lake", "privateLinkServiceId": lake, "groupIds": ["blob"]}
    inputs = {**vault, "subnet": {"id": f"{made}/subnets/endpoints"}, "privateLinkServiceConnections": [connection]}
    assert "storageAccounts/dlsshop' under" in refusal(client.create, "network:PrivateEndpoint", inputs)


def test_values_are_those_of_the_service_where_the_sdks_are_another_ones(client: Any) -> None:
    condition = {"query": "T", "operator": "gt", "threshold": 0, "timeAggregation": "Count"}
    inputs = {"resourceGroupName": "rg-shop", "ruleName": "r", "criteria": {"allOf": [condition]}, "severity": 5}
    faults = client.check("monitor:ScheduledQueryRule", inputs)
    assert sorted(faults) == ["criteria.allOf.operator", "severity"]
    assert "allowed: Equals, GreaterThan" in faults["criteria.allOf.operator"]
    book = {"resourceGroupName": "rg-shop", "resourceName": "book", "displayName": "d", "category": "c", "serializedData": "{"}
    assert sorted(client.check("applicationinsights:Workbook", book)) == ["resourceName", "serializedData"]
    board = {"resourceGroupName": "rg-shop", "dashboardName": "d1", "definitionName": "default"}
    assert sorted(client.check("dashboard:DashboardDefinition", {**board, "properties": {"serializedData": "{"}})) == [
        "properties.serializedData"
    ]
    good = {**inputs, "criteria": {"allOf": [{**condition, "operator": "GreaterThan"}]}, "severity": 4}
    assert client.check("monitor:ScheduledQueryRule", good) == {}
