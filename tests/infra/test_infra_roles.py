"""Who may do what: the table of roles, and that the program gives exactly those."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest

from contracts.roles import DENIED, ROLES
from deployment.declared.clouds import GROUP, SUBSCRIPTION
from deployment.declared.model import Declared
from deployment.declared.programs import declared
from infra.roles import TABLE, WORKLOADS, Assignment, Place, Principal, Scope
from infra.subscriptions import TABLE as SUBSCRIPTIONS, Source

DEFINITIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
TOPIC_OF = {
    Source.LAKE: Principal.LAKE_TOPIC,
    Source.REGISTRY: Principal.REGISTRY_TOPIC,
    Source.WORKSPACE: Principal.WORKSPACE_TOPIC,
}


def _assignments(stack: str) -> list[Declared]:
    return declared(stack).of("authorization:RoleAssignment")


def test_every_row_of_the_table_is_given_once_and_nothing_else_is() -> None:
    given = Counter((item.inputs["roleDefinitionId"].removeprefix(DEFINITIONS), item.name) for item in _assignments("prod"))
    wanted = Counter((ROLES[row.role], _name(row)) for row in TABLE)
    assert given == wanted


def test_the_table_has_no_row_twice() -> None:
    assert len(set(TABLE)) == len(TABLE)


def test_no_denied_role_is_given() -> None:
    assert not {row.role for row in TABLE} & set(DENIED)
    for item in _assignments("prod"):
        assert item.inputs["roleDefinitionId"].removeprefix(DEFINITIONS) not in DENIED.values()


def test_every_scope_is_one_resource_never_a_group_or_subscription() -> None:
    for item in _assignments("prod"):
        assert item.inputs["scope"].startswith(f"{GROUP}/providers/"), item.inputs
        assert "/ResourceGroup/" not in item.inputs["scope"]


def test_each_row_lands_on_the_resource_it_names() -> None:
    scopes = {item.name: item.inputs["scope"] for item in _assignments("prod")}
    ends: dict[Scope, str] = {
        Place.LAKE: "StorageAccount/dlsmlopsforecasting",
        Place.ML_STORAGE: "StorageAccount/stmlwmlopsforecasting",
        Place.BUS: "Namespace/evh-mlops-forecasting",
        Place.WORKSPACE: "machinelearningservices/Workspace/mlw-mlops-forecasting",
        Place.REGISTRY: "Registry/crmlopsforecasting",
        Place.VAULT: "Vault/kv-mlops-forecasting",
        Place.NETWORK: "VirtualNetwork/vnet-mlops-forecasting",
        Place.METRICS: "AzureMonitorWorkspace/amw-mlops-forecasting",
        Place.CLUSTER_SUBNET: "VirtualNetwork/vnet-mlops-forecasting/subnets/snet-cluster",
    }
    for row in TABLE:
        assert scopes[_name(row)].endswith(ends.get(row.scope, f"/{row.scope}"))


def test_each_principal_is_the_object_id_of_its_identity() -> None:
    principals = {item.name: item.inputs["principalId"] for item in _assignments("prod")}
    renamed = {
        Principal.DEVOPS_POOLS: "00000000-0000-0000-0000-000000000000",
        Principal.ACCESS_CONNECTOR: "principal-databricks-connector",
        Principal.KUBELET: "kubelet",
    }
    for row in TABLE:
        assert principals[_name(row)] == renamed.get(row.principal, f"principal-{row.principal}")


def test_names_are_guids_that_stay_and_differ_between_stacks() -> None:
    dev, prod = ({item.name: item.inputs["roleAssignmentName"] for item in _assignments(stack)} for stack in ("dev", "prod"))
    assert len(set(dev.values()) | set(prod.values())) == len(dev) + len(prod)
    assert len(prod) == len(TABLE)
    assert all(uuid.UUID(name).version == 5 for name in dev.values())
    assert dev["ingest-storage-blob-data-contributor-bronze"].split("-")[0] == "3d1c0a82"


def test_principals_are_named_as_service_principals() -> None:
    assert {item.inputs["principalType"] for item in _assignments("prod")} == {"ServicePrincipal"}


def test_a_condition_comes_with_its_version() -> None:
    for item in _assignments("prod"):
        assert ("condition" in item.inputs) == (item.inputs.get("conditionVersion") == "2.0")


@pytest.mark.parametrize("role", WORKLOADS)
def test_every_workload_holds_a_role(role: Principal) -> None:
    assert [row for row in TABLE if row.principal is role]


def test_nobody_but_ingest_and_data_writes_the_lake() -> None:
    places = {Place.LAKE, Place.LAKE_BRONZE, Place.LAKE_SILVER}
    writers = {row.principal for row in TABLE if row.role.endswith("Contributor") and row.scope in places}
    assert writers == {Principal.INGEST, Principal.DATA, Principal.ACCESS_CONNECTOR}


def test_topics_may_send_to_the_hubs_of_their_subscriptions_and_no_others() -> None:
    wanted = {(TOPIC_OF[row.source], row.hub) for row in SUBSCRIPTIONS}
    given = {(row.principal, row.scope) for row in TABLE if row.principal in TOPIC_OF.values() and "Event Hubs" in row.role}
    assert given == wanted


def _name(row: Assignment) -> str:
    return f"{row.principal}-{row.role.lower().replace(' ', '-')}-{row.scope}"
