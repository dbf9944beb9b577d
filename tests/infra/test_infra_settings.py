"""Settings: what a stack file may say, and how a bad value is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import pulumi
import pytest
from hypothesis import given, settings, strategies as st

from contracts.names import NameRefusedError
from contracts.section import Section, SettingRefusedError
from deployment.declared.programs import stack_values
from infra.components.bus import kafka_bootstrap
from infra.settings import Settings


def _with(path: str, value: object) -> dict[str, Any]:
    values = copy.deepcopy(stack_values("dev"))
    *sections, key = path.split(".")
    part = values
    for section in sections:
        part = part[section]
    part[key] = value
    return values


def _keys(values: dict[str, Any]) -> set[str]:
    """Keys of a stack file; those of a section stand for the section."""
    nested = {f"{key}.{inner}" for key, value in values.items() if isinstance(value, dict) for inner in value}
    return nested | {key for key, value in values.items() if not isinstance(value, dict)}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_reads_the_stack_files(stack: str) -> None:
    found = Settings.of(stack_values(stack))
    assert found.tags["environment"] == stack
    assert found.cluster.user.least <= found.cluster.user.most


def test_stack_files_have_the_same_keys_but_for_the_build_agents_of_a_private_one() -> None:
    dev, prod = _keys(stack_values("dev")), _keys(stack_values("prod"))
    assert dev ^ prod == {"agents.buildTier"}


def test_build_agents_are_asked_for_in_a_private_stack_and_refused_in_a_public_one() -> None:
    dev, prod = stack_values("dev")["agents"], stack_values("prod")["agents"]
    with pytest.raises(SettingRefusedError, match=r"mlops-forecasting:agents\.buildTier"):
        Settings.of({**stack_values("prod"), "agents": dev})
    with pytest.raises(SettingRefusedError, match=r"agents\.buildTier` is not usable(.|\n)*shared agents reach"):
        Settings.of({**stack_values("dev"), "agents": prod})


BAD: list[tuple[str, object, str]] = [
    ("environment", "Dev", "lower-case"),
    ("location", "West Europe", "region"),
    ("network", "closed", "public, private"),
    ("protected", "no", "true or false"),
    ("addressSpace", "10.40.0.0/21", "/20"),
    ("addressSpace", "192.168.0.0/20", "10.0.0.0/8"),
    ("addressSpace", "10.40.0.1/20", "10.0.0.0/8"),
    ("addressSpace", "10.40", "such as 10.40.0.0/20"),
    ("allowedAddresses", "20.1.2.3", "list"),
    ("allowedAddresses", ["10.0.0.1"], "public IPv4"),
    ("allowedAddresses", ["20.1.2.3/32"], "/30"),
    ("allowedAddresses", ["0.0.0.0/0"], "/8"),
    ("allowedAddresses", ["20.1.2.3/24"], "public IPv4"),
    ("allowedAddresses", [7], "list"),
    ("storage", "big", "mapping"),
    ("storage.sku", "Standard_RAGRS", "Standard_ZRS"),
    ("storage.softDeleteDays", 6, "7 to 365"),
    ("storage.softDeleteDays", True, "whole number"),
    ("storage.softDeleteDays", "7", "whole number"),
    ("storage.infrastructureEncryption", "yes", "true or false"),
    ("vault.retentionDays", 91, "7 to 90"),
    ("vault.recover", "no", "true or false"),
    ("registry.sku", "premium", "Premium"),
    ("events.partitions", 33, "1 to 32"),
    ("compute.idle", "PT45M", "PT30M"),
    ("compute.cpuSize", "D4", "Standard_"),
    ("cluster.maxNodes", 0, "1 to 10"),
    ("cluster.systemMaxNodes", 0, "1 to 10"),
    ("cluster.zones", ["1", "1"], "different"),
    ("cluster.zones", ["4"], "1, 2, 3"),
    ("telemetry.dailyCapGb", 0, "1 to 1000"),
    ("telemetry.dailyCap", 1, "dailyCapGb"),
    ("netwrk", "private", "network"),
    ("telemetry.dashboards", "yes", "true or false"),
    ("operations.contacts", [], "one mail address"),
    ("operations.contacts", ["team"], "one mail address"),
    ("operations.monthlyBudget", 0, "1 to 1000000"),
]


@pytest.mark.parametrize(("path", "value", "allowed"), BAD)
def test_refuses_a_bad_value_by_key_value_and_what_is_allowed(path: str, value: object, allowed: str) -> None:
    with pytest.raises(SettingRefusedError) as refused:
        Settings.of(_with(path, value))
    error = refused.value
    assert f"mlops-forecasting:{path}" in error.happened
    assert error.given in {str(value), *(map(str, value) if isinstance(value, list) else ())}
    assert allowed in error.allowed
    assert "Pulumi.<stack>.yaml" in error.remedy


READ = {key for key in _keys(stack_values("dev")) if not key.startswith("usage.")}
"""Keys of the program's own; those of `usage` are read by the estimate of costs."""


@pytest.mark.parametrize("path", sorted(READ))
def test_refuses_a_missing_key(path: str) -> None:
    values = stack_values("dev")
    *sections, key = path.split(".")
    del (values[sections[0]] if sections else values)[key]
    with pytest.raises(SettingRefusedError, match=f"mlops-forecasting:{path}") as refused:
        Settings.of(values)
    assert refused.value.given == "nothing"


def test_refuses_a_missing_section_by_its_first_key() -> None:
    values = stack_values("dev")
    del values["vault"]
    with pytest.raises(SettingRefusedError, match=r"mlops-forecasting:vault\.purgeProtection"):
        Settings.of(values)


def test_refuses_a_workload_whose_names_azure_would_refuse() -> None:
    with pytest.raises(NameRefusedError, match="storage account"):
        Settings.of(_with("workload", "demand-forecasting-for-stores"))


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4)
    ),
    st.sampled_from(["storage", "vault", "registry", "events", "compute", "cluster", "telemetry", "operations"]),
)
@settings(deadline=None)
def test_any_wrong_section_is_refused_and_never_crashes(section: dict[str, object], name: str) -> None:
    with pytest.raises(SettingRefusedError):
        Settings.of({**stack_values("dev"), name: section})


@given(st.ip_addresses(v=4))
def test_an_address_is_taken_exactly_when_it_is_public(address: Any) -> None:
    section = Section("x:", {"addresses": [str(address)]})
    if address.is_global:
        assert section.addresses("addresses") == (str(address),)
    else:
        with pytest.raises(SettingRefusedError):
            section.addresses("addresses")


@pytest.mark.parametrize(
    ("endpoint", "bootstrap"),
    [
        ("https://evh-a.servicebus.windows.net:443/", "evh-a.servicebus.windows.net:9093"),
        ("https://evh-a.servicebus.windows.net/", "evh-a.servicebus.windows.net:9093"),
        ("https://127.0.0.1:19092/", "127.0.0.1:19092"),
    ],
)
def test_kafka_is_on_its_own_port_unless_the_endpoint_names_another(endpoint: str, bootstrap: str) -> None:
    assert kafka_bootstrap(endpoint) == bootstrap


def test_the_engine_gets_the_refusal_as_a_message_without_a_trace() -> None:
    whole = {f"mlops-forecasting:{key}": value for key, value in stack_values("dev").items() if isinstance(value, str)}
    pulumi.runtime.set_all_config({**whole, "mlops-forecasting:network": "closed"})
    with pytest.raises(pulumi.RunError, match=r"mlops-forecasting:network(.|\n)*given: +closed(.|\n)*do: +Change"):
        Settings.load(pulumi.Config("mlops-forecasting"))


def test_a_key_that_nobody_knows_is_refused_as_the_engine_hands_it_over() -> None:
    values = {**stack_values("dev"), "netwrk": "private"}
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    pulumi.runtime.set_all_config({f"mlops-forecasting:{key}": value for key, value in given.items()})
    with pytest.raises(pulumi.RunError, match=r"mlops-forecasting:netwrk(.|\n)*allowed: the keys (.|\n)*network, "):
        Settings.load(pulumi.Config("mlops-forecasting"))
