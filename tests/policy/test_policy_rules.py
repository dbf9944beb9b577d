"""Each rule against a good resource, bad ones, an absent property, an unknown value and other kinds."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_STRING_VALUE

from contracts import roles
from policy.rules import RULES
from policy.rules.authorization import DENIED
from policy.rules.rule import Check, Rule
from tests.policy.policy_cases import AZURE, BREACHES, GOOD, ROLE, SUBSCRIPTION, changed, judge, kinds, removed

BREAKS = [(rule, kind, path, value) for rule, breaks in BREACHES.items() for kind in kinds(rule) for path, value in breaks]
READS = [(rule, kind, check) for rule in RULES for kind in rule.kinds for check in rule.checks]
CANARY = "AccountKey=c2VjcmV0LWNhbmFyeQ=="


@pytest.mark.parametrize("kind", GOOD)
def test_lets_a_good_resource_pass_though_azure_fills_in_values_later(kind: str) -> None:
    assert judge(kind, GOOD[kind]) == ([], set())


@pytest.mark.parametrize(("rule", "kind", "path", "value"), BREAKS)
def test_refuses_a_bad_resource_by_exactly_the_rule_made_for_it(rule: str, kind: str, path: str, value: Any) -> None:
    findings, _ = judge(kind, changed(kind, path, value))
    assert {finding.rule for finding in findings} == {rule}


@pytest.mark.parametrize(("rule", "kind", "path", "value"), BREAKS)
def test_a_bad_resource_gets_through_once_its_rule_is_dropped(rule: str, kind: str, path: str, value: Any) -> None:
    findings, _ = judge(kind, changed(kind, path, value), without=rule)
    assert findings == []


def test_every_rule_has_bad_examples_and_every_judged_kind_a_good_one() -> None:
    assert set(BREACHES) == {rule.id for rule in RULES}
    assert set(GOOD) == {kind for rule in RULES for kind in rule.kinds}


@pytest.mark.parametrize(("rule", "kind", "check"), [case for case in READS if case[2].path != "destination"])
def test_refuses_a_property_left_to_a_default(rule: Rule, kind: str, check: Check) -> None:
    for properties in (removed(kind, check.path), changed(kind, check.path, None)):
        (finding,), _ = judge(kind, properties)
        assert finding.rule == rule.id
        assert f"given:   {check.path} is not set\n" in finding.message


@pytest.mark.parametrize("kind", GOOD)
def test_refuses_a_resource_that_says_nothing(kind: str) -> None:
    findings, _ = judge(kind, {})
    assert {finding.rule for finding in findings} == {rule.id for rule in RULES if kind in rule.kinds}


@pytest.mark.parametrize(("rule", "kind", "check"), READS)
def test_an_unknown_value_is_neither_passed_nor_refused(rule: Rule, kind: str, check: Check) -> None:
    assert judge(kind, changed(kind, check.path, UNKNOWN_STRING_VALUE)) == ([], {rule.id})


def test_an_unknown_parent_leaves_each_rule_below_it_undecided() -> None:
    kind = "azure-native:eventgrid:SystemTopicEventSubscription"
    for name, rule in (("filter", "eg-filtered"), ("deadLetterWithResourceIdentity", "eg-dead-letter")):
        assert judge(kind, SUBSCRIPTION | {name: UNKNOWN_ARRAY_VALUE}) == ([], {rule})


def test_an_unknown_value_hides_no_fault_in_a_known_one() -> None:
    properties = changed("azure-native:eventgrid:EventSubscription", "deliveryWithResourceIdentity.identity.type", "UserAssigned")
    findings, undecided = judge("azure-native:eventgrid:EventSubscription", properties | {"destination": UNKNOWN_STRING_VALUE})
    assert {finding.rule for finding in findings} == undecided == {"eg-identity-delivery"}


def test_a_list_with_an_unknown_event_type_waits_for_it() -> None:
    kind = "azure-native:eventgrid:EventSubscription"
    known_and_unknown = ["Microsoft.Storage.BlobCreated", UNKNOWN_STRING_VALUE]
    assert judge(kind, changed(kind, "filter.includedEventTypes", known_and_unknown)) == ([], {"eg-filtered"})


@pytest.mark.parametrize(
    "other",
    [
        "azure-native:storage:StorageAccountStaticWebsite",
        "azure:storage/account:Account",
        "azure-native:authorization:RoleDefinition",
        "kubernetes:core/v1:Secret",
        "pulumi:pulumi:Stack",
        "StorageAccount",
        "",
    ],
)
def test_ignores_other_kinds(other: str) -> None:
    passed = [judge(other, changed(kind, path, value)) == ([], set()) for _, kind, path, value in BREAKS]
    assert all(passed)
    assert len(passed) > len(RULES)


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize("version", ["v20240101", "v20250401preview", "v20180301privatepreview"])
def test_an_api_version_in_the_token_switches_no_rule_off(kind: str, version: str) -> None:
    module, name = kind.removeprefix(AZURE).split(":")
    expected = {rule.id for rule in RULES if kind in rule.kinds}
    tokens = (
        f"azure-native:{module}/{version}:{name}",
        f"azure-native_{module}_{version}:{module}:{name}",
        f"azure-native_{module}_{version}:{module}/{version}:{name}",
    )
    assert [{finding.rule for finding in judge(token, {})[0]} for token in tokens] == [expected] * 3


@pytest.mark.parametrize("compute", ["ComputeInstance", "Kubernetes", "Databricks"])
def test_computes_that_are_no_clusters_need_no_node_count(compute: str) -> None:
    kind = "azure-native:machinelearningservices:Compute"
    assert judge(kind, {"properties": {"computeType": compute}}) == ([], set())


def test_a_compute_of_unknown_type_waits_for_it() -> None:
    kind = "azure-native:machinelearningservices:Compute"
    assert judge(kind, {"properties": {"computeType": UNKNOWN_STRING_VALUE}}) == ([], {"amlc-min-zero"})


def test_the_denied_roles_are_those_of_the_contracts() -> None:
    assert DENIED == roles.DENIED


@pytest.mark.parametrize("role", roles.ROLES.values())
def test_every_role_that_the_platform_gives_passes(role: str) -> None:
    kind = "azure-native:authorization:RoleAssignment"
    assert judge(kind, changed(kind, "roleDefinitionId", ROLE + role)) == ([], set())


@pytest.mark.parametrize(("rule", "kind", "check"), READS)
def test_a_message_has_four_parts_and_shows_no_value(rule: Rule, kind: str, check: Check) -> None:
    findings, _ = judge(kind, changed(kind, check.path, CANARY))
    message = findings[0].message
    assert findings[0].rule == rule.id
    assert message.startswith(f"{rule.breach}\n  given:   {check.path} is set, but not as allowed")
    assert f"\n  allowed: {check.allowed}\n  do:      {rule.remedy}" in message
    assert CANARY not in message
