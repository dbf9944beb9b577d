"""What the provider refuses before anything is made, and how it judges changes and previews."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pulumi.runtime.proto import provider_pb2 as pb

from local.provider import checks, schema, wire
from local.provider.diffs import difference
from local.provider.kinds import KINDS
from local.provider.wire import UNKNOWN

STORAGE = "storage:StorageAccount"
ACCOUNT: dict[str, Any] = {
    "resourceGroupName": "rg-shop",
    "accountName": "dlsshop",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
}
BAD = [
    ({"kind": None}, "kind", "Missing required property 'kind'"),
    ({"accountName": None}, "accountName", "no automatic names"),
    ({"accountName": "Dls_Shop"}, "accountName", "AccountNameInvalid"),
    ({"kind": "StorageV9"}, "kind", "'StorageV9' is not a valid value"),
    ({"location": "westeuropa"}, "location", "LocationNotAvailableForResourceType"),
    ({"isHnsEnable": True}, "isHnsEnable", "Could not find member"),
    ({"sku": {"name": "Standard_LRS", "tear": "x"}}, "sku.tear", "Could not find member"),
    ({"sku": {}}, "sku.name", "Missing required property 'name'"),
    ({"sku": "Standard_LRS"}, "sku", "has to be an object"),
    ({"tags": ["a"]}, "tags", "has to be a map"),
    ({"networkRuleSet": {"defaultAction": "Block"}}, "networkRuleSet.defaultAction", "'Block' is not a valid value"),
    (
        {"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"action": "Allow"}]}},
        "networkRuleSet.ipRules[0].iPAddressOrRange",
        "Missing required",
    ),
]


@pytest.mark.parametrize(("change", "path", "reason"), BAD, ids=[f"{path}: {reason}" for _, path, reason in BAD])
def test_a_bad_input_is_named_with_its_path(client: Any, change: dict[str, Any], path: str, reason: str) -> None:
    inputs = {name: value for name, value in {**ACCOUNT, **change}.items() if value is not None}
    faults = client.check(STORAGE, inputs)
    assert list(faults) == [path]
    assert reason in faults[path]


def test_good_inputs_pass_and_unknowns_are_taken_as_good(client: Any) -> None:
    assert client.check(STORAGE, ACCOUNT) == {}
    unknown = dict.fromkeys(ACCOUNT, UNKNOWN)
    assert client.check(STORAGE, unknown) == {}


def test_a_destination_is_judged_by_the_class_that_fits_it_best() -> None:
    kind = KINDS["azure-native:eventgrid:SystemTopicEventSubscription"]
    destination = {"endpointType": "EventHub", "resourceId": "/x", "partition": "y"}
    inputs = {
        "resourceGroupName": "rg",
        "systemTopicName": "egst",
        "eventSubscriptionName": "data",
        "destination": destination,
    }
    assert [failure.path for failure in checks.failures(kind, inputs)] == ["destination.partition"]


@given(st.sampled_from(sorted(KINDS)), st.text(min_size=1, max_size=12))
@settings(deadline=None)
def test_no_kind_takes_a_property_that_its_class_lacks(token: str, name: str) -> None:
    if name not in schema.inputs(token):
        assert name in [failure.path for failure in checks.failures(KINDS[token], {name: 1})]


@given(st.dictionaries(st.text(max_size=5), st.recursive(st.none() | st.booleans() | st.text() | st.integers(), st.lists)))
def test_whatever_the_values_are_checks_answer_with_faults(values: dict[str, Any]) -> None:
    inputs = dict.fromkeys(schema.inputs("azure-native:" + STORAGE)) | values
    assert checks.failures(KINDS["azure-native:" + STORAGE], inputs)


def test_a_preview_knows_the_inputs_alone(client: Any) -> None:
    made, outputs = client.create(STORAGE, {**ACCOUNT, "identity": {"type": "SystemAssigned"}}, preview=True)
    assert made == ""
    assert outputs["sku"]["name"] == "Standard_LRS"
    assert outputs["identity"]["type"] == "SystemAssigned"
    assert outputs["identity"]["principalId"] == UNKNOWN
    assert outputs["primaryEndpoints"] == UNKNOWN
    assert outputs["name"] == UNKNOWN
    assert client.resources.all() == []


def test_every_kind_hides_its_own_name_and_type_in_a_preview(client: Any, token: str) -> None:
    _, outputs = client.create(token.removeprefix("azure-native:"), {}, preview=True)
    assert outputs["name"] == outputs["azureApiVersion"] == UNKNOWN


def test_the_preview_of_an_update_keeps_what_azure_keeps(client: Any) -> None:
    client.group()
    made, outputs = client.create(STORAGE, {**ACCOUNT, "identity": {"type": "SystemAssigned"}})
    news = {**ACCOUNT, "identity": {"type": "SystemAssigned"}, "tags": {"owner": "shop"}}
    request = pb.UpdateRequest(
        urn=f"urn:pulumi:dev::shop::azure-native:{STORAGE}::it",
        id=made,
        olds=wire.write(outputs),
        old_inputs=wire.write({**ACCOUNT, "identity": {"type": "SystemAssigned"}}),
        news=wire.write(news),
        preview=True,
    )
    known = wire.read(client.stub.Update(request).properties)
    assert known == {**outputs, "tags": {"owner": "shop"}}


def test_the_same_inputs_are_no_change(client: Any) -> None:
    assert client.diff(STORAGE, ACCOUNT, ACCOUNT).changes == pb.DiffResponse.DIFF_NONE
    here, there = {**ACCOUNT, "location": "West Europe"}, {**ACCOUNT, "location": "westeurope"}
    assert client.diff(STORAGE, here, there).changes == pb.DiffResponse.DIFF_NONE


def test_a_changed_setting_is_an_update(client: Any) -> None:
    answer = client.diff(STORAGE, ACCOUNT, {**ACCOUNT, "allowSharedKeyAccess": False})
    assert (list(answer.diffs), list(answer.replaces)) == (["allowSharedKeyAccess"], [])


def test_a_changed_name_replaces_and_makes_the_new_one_first(client: Any) -> None:
    answer = client.diff(STORAGE, ACCOUNT, {**ACCOUNT, "accountName": "dlsother"})
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["accountName"], False)


def test_a_replacement_under_the_same_name_deletes_first(client: Any) -> None:
    answer = client.diff(STORAGE, ACCOUNT, {**ACCOUNT, "isHnsEnabled": True})
    assert (list(answer.replaces), answer.deleteBeforeReplace) == (["isHnsEnabled"], True)


def test_a_nested_property_that_cannot_change_replaces() -> None:
    kind = KINDS["azure-native:machinelearningservices:Compute"]
    names = {"resourceGroupName": "rg", "workspaceName": "mlw", "computeName": "cpu"}
    small = {**names, "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "S"}}}
    large = {**names, "properties": {"computeType": "AmlCompute", "properties": {"vmSize": "L"}}}
    found = difference(kind, small, large)
    assert (found.replacing, found.delete_first) == ({"properties"}, True)


POOLS = [{"name": "system", "count": 1, "vnetSubnetID": "a"}, {"name": "work", "count": 0, "vnetSubnetID": "a"}]
NETWORKS: list[tuple[str, dict[str, Any], dict[str, Any], set[str]]] = [
    (
        "databricks:Workspace",
        {"parameters": {"customVirtualNetworkId": {"value": "a"}}},
        {"parameters": {"customVirtualNetworkId": {"value": "b"}}},
        {"parameters"},
    ),
    (
        "containerservice:ManagedCluster",
        {"agentPoolProfiles": POOLS},
        {"agentPoolProfiles": [POOLS[0], {**POOLS[1], "vnetSubnetID": "b"}]},
        {"agentPoolProfiles"},
    ),
    (
        "containerservice:ManagedCluster",
        {"agentPoolProfiles": POOLS},
        {"agentPoolProfiles": [POOLS[0], {**POOLS[1], "count": 2}]},
        set(),
    ),
    ("network:PrivateEndpoint", {"subnet": {"id": "a"}}, {"subnet": {"id": "b"}}, {"subnet"}),
    ("network:VirtualNetwork", {"subnets": [{"name": "a"}]}, {"subnets": [{"name": "b"}]}, set()),
]


@pytest.mark.parametrize(("token", "olds", "news", "replacing"), NETWORKS, ids=range(len(NETWORKS)))
def test_what_stands_in_a_network_can_not_move_to_another(
    token: str, olds: dict[str, Any], news: dict[str, Any], replacing: set[str]
) -> None:
    kind = KINDS[f"azure-native:{token}"]
    names = {"resourceGroupName": "rg", **dict.fromkeys(kind.names, "it")}
    found = difference(kind, {**names, **olds}, {**names, **news})
    assert found.replacing == replacing
    assert found.changed


def maps(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.text().filter(lambda name: name != "__defaults"), inner)


JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(2**53), 2**53), lambda inner: st.lists(inner) | maps(inner)
)


@settings(max_examples=25)
@given(maps(JSON))
def test_properties_survive_the_wire(properties: dict[str, Any]) -> None:
    assert wire.read(wire.write(properties)) == properties


@settings(max_examples=25)
@given(maps(JSON))
def test_secrets_survive_the_wire(properties: dict[str, Any]) -> None:
    names = frozenset(properties)
    struct = wire.write(wire.marked(properties, names))
    assert wire.secret_names(struct) == names
    assert wire.read(struct) == properties
