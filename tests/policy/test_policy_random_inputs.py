"""Whatever a program sends, a rule answers; an exception from a rule would end the whole run of the engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, UnknownValueError

from deployment.judged.judging import as_engine, stack_resource
from policy.rules import RULES, STACK_RULES
from policy.rules.estate import Estate
from policy.rules.properties import places
from policy.rules.tokens import kind_of
from tests.policy.cases.table import concrete
from tests.policy.judging import set_at

PATHS = sorted({check.path for rule in RULES for check in rule.judged_by() if check.path and "Job" not in rule.kinds})
NAMES = sorted(
    {name for path in PATHS for name in concrete(path).replace("[0]", "").split(".")} | {"computeType", "mode", "name"}
)
UNKNOWNS = [UNKNOWN_BOOLEAN_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE]
WORDS = ["All", "SystemAssigned", "TLS1_2", "AmlCompute", "Allow", "Inbound", "*", "System", "LoadBalancer", *UNKNOWNS]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | st.sampled_from(WORDS)
KEYS = st.sampled_from(NAMES) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12)


@given(inputs=st.dictionaries(KEYS, VALUES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_no_inputs_make_a_rule_fail(inputs: dict[str, Any]) -> None:
    _run_all(inputs)


@given(path=st.sampled_from(PATHS), value=VALUES)
@settings(max_examples=150, deadline=None)
def test_no_value_of_a_property_that_is_read_makes_a_rule_fail(path: str, value: Any) -> None:
    inputs: dict[str, Any] = {}
    set_at(inputs, concrete(path), value)
    _run_all(inputs)


@given(kinds=st.lists(st.sampled_from(sorted({kind for rule in STACK_RULES for kind in rule.kinds})), max_size=4), value=VALUES)
@settings(max_examples=60, deadline=None)
def test_no_resources_make_a_rule_on_the_stack_fail(kinds: list[str], value: Any) -> None:
    inputs = dict.fromkeys(("sku", "privateLinkServiceConnections", "metadata", "spec", "amount", "scope"), value)
    made = [stack_resource(kind, f"r{place}", inputs) for place, kind in enumerate(kinds)]
    for rule in STACK_RULES:
        faults, _ = rule.faults(Estate(made))
        assert all(rule.remedy in message for _, message in faults)


def _run_all(inputs: dict[str, Any]) -> None:
    handed = as_engine(inputs)
    for rule in RULES:
        for kind in rule.kinds[:3] or ("any",):
            try:
                messages, unknown = rule.breaches(kind, handed)
            except UnknownValueError:
                messages, unknown = [], None
                assert set(_leaves(inputs)) & set(UNKNOWNS)
            assert unknown is None or set(_leaves(inputs)) & set(UNKNOWNS)
            assert all(rule.remedy in message for message in messages)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value] if isinstance(value, str) else []


@given(inputs=st.dictionaries(KEYS, VALUES, max_size=6), path=st.sampled_from(PATHS))
@settings(max_examples=100, deadline=None)
def test_a_path_leads_to_places_below_it(inputs: dict[str, Any], path: str) -> None:
    first = concrete(path).partition("[0]")[0]
    for place in places(as_engine(inputs), path):
        assert first.startswith(place.where) or place.where.startswith(first)


@given(
    token=TEXT | st.from_regex(r"azure-native(_[a-z]+_v[0-9]{8})?:[a-z]+(/v[0-9]{8}(preview)?)?:[A-Z][a-zA-Z]+", fullmatch=True)
)
def test_the_kind_of_a_token_is_stable_and_names_no_version(token: str) -> None:
    assert kind_of(kind_of(token)) == kind_of(token)
    if token.startswith("azure-native"):
        assert "_v" not in kind_of(token)


@pytest.mark.parametrize("token", ["azure-native:storage/v2024:StorageAccount", "azure-natively:storage:StorageAccount", "a:b"])
def test_a_token_of_another_form_is_left_as_it_is(token: str) -> None:
    assert kind_of(token) == token
