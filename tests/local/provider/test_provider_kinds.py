"""Every row of the table of kinds, against the installed SDK."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, strategies as st

from local.endpoints import Endpoints
from local.provider import schema
from local.provider.coverage import rows
from local.provider.invokes import INVOKES
from local.provider.kinds import KINDS
from local.provider.kinds.kind import at, name_in

PORTS = Endpoints(**{name: port for port, name in enumerate(Endpoints.__dataclass_fields__, 1)})
ALL = sorted(KINDS)
AZURE = [token for token in ALL if token.startswith("azure-native:")]
CLUSTER = [token for token in ALL if token.startswith("kubernetes:")]


def inputs_of(token: str, name: str = "shop1") -> dict[str, Any]:
    """Names for all levels of a kind, and the group."""
    kind = KINDS[token]
    names = {item: name for item in kind.names if not item.startswith("<")}
    if token in CLUSTER:
        return {"metadata": {"name": name, "namespace": "shop"}, "spec": {}}
    return {
        "resourceGroupName": "rg",
        "location": "westeurope",
        "scope": "/subscriptions/s/resourceGroups/rg",
        "resourceUri": "/subscriptions/s/resourceGroups/rg",
        **names,
    }


@pytest.mark.parametrize("token", ALL)
def test_names_and_special_properties_exist_in_the_sdks_class(token: str) -> None:
    kind, shape = KINDS[token], schema.inputs(token)
    assert all(shape)
    assert {item.partition(".")[0] for item in kind.names if not item.startswith("<")} <= shape.keys()
    for path in (*kind.replace, *kind.fixed):
        shapes = [shape]
        for step in path.split("."):
            found = [item[step] for item in shapes if step in item]
            assert found, path
            shapes = [schema.properties(option) for item in found for option in item.nested]
    assert not kind.extension or shape[kind.extension].required


@pytest.mark.parametrize("token", AZURE)
def test_required_inputs_are_named_and_the_version_is_a_date(token: str) -> None:
    required = [item.name for item in schema.inputs(token).values() if item.required]
    assert all(isinstance(name, str) and name for name in required)
    assert required or token == "azure-native:resources:ResourceGroup"  # noqa: S105 - a kind, not a password
    assert re.match(r"\d{4}-\d{2}-\d{2}", schema.api_version(token))


@pytest.mark.parametrize("token", ALL)
def test_outputs_that_azure_adds_exist_in_the_sdks_class(token: str) -> None:
    kind, inputs = KINDS[token], {**inputs_of(token), "properties": {}, "oidcIssuerProfile": {"enabled": True}}
    added = kind.outputs(PORTS, kind.id_of(inputs), inputs)
    for name, value in added.items():
        hint = schema.outputs(token)[name]
        response = schema.response_class(hint)
        if response is not None and isinstance(value, dict) and not schema.holds_map(hint):
            assert value.keys() <= schema.nested_outputs(response).keys()


@given(st.sampled_from(AZURE), st.text("abcdefgh0123456789", min_size=3, max_size=12))
def test_an_id_has_the_arm_form_and_ends_with_the_name(token: str, name: str) -> None:
    kind = KINDS[token]
    made = kind.id_of(inputs_of(token, name))
    assert made.startswith("/subscriptions/")
    assert name_in(made) == (name if kind.name_property else "default")
    if kind.arm_type != "Microsoft.Resources/resourceGroups":
        namespace, *pairs = made.rpartition("/providers/")[2].split("/")
        assert "/".join([namespace, *pairs[::2]]) == kind.arm_type
        assert made.startswith(f"{kind.parent_of(made)}/")


def test_the_parent_of_a_container_is_its_account_and_of_an_account_its_group() -> None:
    kind = KINDS["azure-native:storage:BlobContainer"]
    made = kind.id_of({"resourceGroupName": "rg", "accountName": "a", "containerName": "c"})
    assert kind.parent_of(made).endswith("/storageAccounts/a")
    assert KINDS["azure-native:storage:StorageAccount"].parent_of(kind.parent_of(made)).endswith("/resourceGroups/rg")


def test_a_path_that_leads_nowhere_has_no_value() -> None:
    assert at({"a": {"b": [1]}}, "a.b.c") is None
    assert at({"a": {"b": 1}}, "a.b") == 1


@pytest.mark.parametrize("token", CLUSTER)
def test_a_resource_of_the_cluster_lives_in_its_namespace_and_in_no_group(token: str) -> None:
    kind = KINDS[token]
    made = kind.id_of(inputs_of(token))
    assert made == f"/kubernetes/{kind.arm_type}/shop/shop1"
    assert kind.parent_of(made) == "/kubernetes/v1/Namespace//shop"


def test_the_coverage_table_lists_every_kind_once() -> None:
    listed = re.findall(r"^\| `((?:azure-native|azuredevops|kubernetes):[\w:./-]+)`", "\n".join(rows()), re.MULTILINE)
    assert sorted(listed) == sorted([*KINDS, *INVOKES])
