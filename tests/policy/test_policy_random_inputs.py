"""Whatever a program sends, a rule answers; an exception from a rule would end the whole run of the engine."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from pulumi_policy import ResourceValidationPolicy
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE, UnknownValueError

from policy.rules import POLICIES, RULES
from policy.rules.tokens import kind_of
from tests.policy.policy_cases import arguments

NAMES = sorted({name for rule in RULES for check in rule.checks for name in check.path.split(".")} | {"computeType"})
WORDS = ["All", "SystemAssigned", "TLS1_2", "AmlCompute", UNKNOWN_BOOLEAN_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LEAVES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | st.sampled_from(WORDS)
KEYS = st.sampled_from(NAMES) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12)


def _inputs(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


@given(inputs=st.dictionaries(KEYS, VALUES, max_size=6))
@settings(max_examples=150, deadline=None)
def test_no_inputs_make_a_rule_fail(inputs: dict[str, Any]) -> None:
    _run_all(inputs)


@given(path=st.sampled_from(sorted({check.path for rule in RULES for check in rule.checks})), value=VALUES)
@settings(max_examples=150, deadline=None)
def test_no_value_of_a_property_that_is_read_makes_a_rule_fail(path: str, value: Any) -> None:
    _run_all(_inputs(path, value))


def _run_all(inputs: dict[str, Any]) -> None:
    for rule, policy in zip(RULES, POLICIES, strict=True):
        assert isinstance(policy, ResourceValidationPolicy)
        reported: list[str] = []
        try:
            policy.validate(arguments(rule.kinds[0], inputs), lambda message, _=None, into=reported: into.append(message))
        except UnknownValueError:
            assert set(_leaves(inputs)) & set(WORDS[4:])
        assert all(rule.remedy in message for message in reported)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value] if isinstance(value, str) else []


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
