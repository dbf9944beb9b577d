"""Each rule on single resources against good ones, bad ones, absent properties, unknown values and other kinds."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_STRING_VALUE, UnknownValueError

from contracts import roles
from deployment.judged.judging import as_engine
from policy.rules import RULES
from policy.rules.authorization import DENIED
from policy.rules.rule import Check
from policy.rules.tokens import kind_of
from tests.policy.cases.around import ROLE
from tests.policy.cases.break_case import Break
from tests.policy.cases.data import FORBIDDEN, SUBSCRIPTION
from tests.policy.cases.table import ASKED, BREAKS, BY_ID, GOOD, PASSES, Asked, changed, concrete, ids

CANARY = "AccountKey=c2VjcmV0LWNhbmFyeQ=="
ASKED_RULES = sorted({asked.rule for asked in ASKED})
FIRST = [case for case in BREAKS if case[0] == next(asked for asked in ASKED if asked.rule == case[0].rule)]
"""Bad examples on the first kind of each rule."""


def _reads(rule: str) -> list[tuple[Asked, Check]]:
    """Every property that a rule reads, by kind; the whole resource, and containers that run first, apart."""
    return [
        (asked, check)
        for asked in ASKED
        if asked.rule == rule
        for check in BY_ID[rule].judged_by()
        if check.path and "initContainers" not in check.path and (not check.on or asked.kind in check.on)
    ]


def judge(kind: str, properties: dict[str, Any], only: str = "", without: str = "") -> tuple[dict[str, list[str]], set[str]]:
    """Run the rules of a kind; return messages by rule, and the ids of the rules that met an unknown value."""
    found: dict[str, list[str]] = {}
    undecided: set[str] = set()
    handed, plain = as_engine(properties), kind_of(kind)
    for rule in RULES:
        if not rule.judges(plain) or (only and rule.id != only) or rule.id == without:
            continue
        try:
            messages, unknown = rule.breaches(plain, handed)
        except UnknownValueError as error:
            messages, unknown = [], error
        if messages:
            found[rule.id] = messages
        if unknown:
            undecided.add(rule.id)
    return found, undecided


@pytest.mark.parametrize("kind", GOOD)
def test_lets_a_good_resource_pass_though_azure_fills_in_values_later(kind: str) -> None:
    assert judge(kind, GOOD[kind]) == ({}, set())


@pytest.mark.parametrize(("asked", "one"), FIRST, ids=ids(FIRST))
def test_refuses_a_bad_resource_by_exactly_the_rules_made_for_it(asked: Asked, one: Break) -> None:
    found, _ = judge(asked.kind, changed(asked.kind, asked.at(one.changes)))
    assert set(found) == {asked.rule} | one.also


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_refuses_the_same_on_every_other_kind_that_the_rule_judges(rule: str) -> None:
    for asked, one in BREAKS:
        if asked.rule == rule:
            found, _ = judge(asked.kind, changed(asked.kind, asked.at(one.changes)))
            assert set(found) == {rule} | one.also, (asked.kind, one)


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_lets_other_good_values_pass(rule: str) -> None:
    for asked, changes in PASSES:
        if asked.rule == rule:
            given = changed(asked.kind, asked.at(changes))
            assert judge(asked.kind, given, only=rule) == ({}, set()), (asked.kind, changes)


@pytest.mark.parametrize(("rule", "kind"), FORBIDDEN.items())
def test_refuses_every_resource_of_a_forbidden_kind(rule: str, kind: str) -> None:
    assert rule in judge(kind, {})[0]
    assert rule in judge(kind, {"metadata": {"namespace": "forecasting"}, "rights": ["Send"]})[0]


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_an_absent_property_fails_or_passes_as_the_table_says(rule: str) -> None:
    for asked, check in _reads(rule):
        expected = asked.cases.absent if isinstance(asked.cases.absent, str) else asked.cases.absent[asked.relative(check.path)]
        found, undecided = judge(asked.kind, changed(asked.kind, {concrete(check.path): None}), only=rule)
        assert undecided == set(), (asked.kind, check.path)
        assert bool(found) == (expected == "fails"), (asked.kind, check.path)
        assert all(concrete(check.path).removesuffix("[0]") in message for message in found.get(rule, []))


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_an_unknown_value_is_neither_passed_nor_refused(rule: str) -> None:
    for asked, check in _reads(rule):
        given = changed(asked.kind, {concrete(check.path): UNKNOWN_STRING_VALUE})
        expected = set() if asked.relative(check.path) in asked.cases.later else {rule}
        assert judge(asked.kind, given, only=rule) == ({}, expected), (asked.kind, check.path)


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_ignores_other_kinds(rule: str) -> None:
    others = ("azure-native:storage:StorageAccountStaticWebsite", "azure:storage/account:Account", "pulumi:pulumi:Stack", "")
    for asked, one in BREAKS:
        if asked.rule == rule:
            properties = changed(asked.kind, asked.at(one.changes))
            assert [judge(other, properties, only=rule) for other in others] == [({}, set())] * len(others)


def test_every_rule_has_bad_examples_and_every_judged_kind_good_ones() -> None:
    broken = {asked.rule for asked, _ in BREAKS} | set(FORBIDDEN) | {"kinds-known"}
    assert broken == {rule.id for rule in RULES}
    assert {(asked.rule, asked.kind) for asked in ASKED} == {
        (rule.id, kind) for rule in RULES if rule.id not in FORBIDDEN for kind in rule.kinds
    }


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_bad_resources_get_through_once_their_rule_is_emptied(rule: str) -> None:
    for asked, one in BREAKS:
        if asked.rule == rule:
            found, _ = judge(asked.kind, changed(asked.kind, asked.at(one.changes)), without=rule)
            assert set(found) == one.also


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_every_check_of_a_rule_catches_some_bad_example(rule: str) -> None:
    caught: set[tuple[str, str]] = set()
    for asked, one in BREAKS:
        if asked.rule == rule:
            handed = as_engine(changed(asked.kind, asked.at(one.changes)))
            for check in BY_ID[rule].judged_by():
                if (not check.on or asked.kind in check.on) and check.failures(handed)[0]:
                    caught.add((asked.kind, check.path))
    wanted = {
        (asked.kind, check.path)
        for asked in ASKED
        if asked.rule == rule
        for check in BY_ID[rule].judged_by()
        if (not check.on or asked.kind in check.on) and not _is_same_of_first(check.path)
    }
    assert wanted <= caught


def _is_same_of_first(path: str) -> bool:
    """Checks of containers that run before the others are the same objects' checks at another path."""
    return "initContainers" in path


def test_containers_that_run_first_are_judged_like_the_others() -> None:
    rules = [rule for rule in RULES if any("initContainers" in check.path for check in rule.judged_by())]
    assert len(rules) >= 8
    for rule in rules:
        below = [
            check.path.replace("initContainers[?]", "containers[]")
            for check in rule.judged_by()
            if "initContainers" in check.path
        ]
        assert set(below) <= {check.path for check in rule.judged_by()}


def test_an_unknown_value_hides_no_fault_in_a_known_one() -> None:
    kind = "azure-native:eventgrid:EventSubscription"
    changes = {"deliveryWithResourceIdentity.identity.type": "UserAssigned", "destination": UNKNOWN_STRING_VALUE}
    found, undecided = judge(kind, changed(kind, changes))
    assert set(found) == undecided == {"eg-identity-delivery"}


def test_an_unknown_parent_leaves_each_rule_below_it_undecided() -> None:
    kind = "azure-native:eventgrid:SystemTopicEventSubscription"
    for name, rule in (("filter", "eg-filtered"), ("deadLetterWithResourceIdentity", "eg-dead-letter")):
        assert judge(kind, SUBSCRIPTION | {name: UNKNOWN_ARRAY_VALUE}) == ({}, {rule})


def test_one_unknown_item_of_a_list_leaves_the_others_judged() -> None:
    kind = "azure-native:containerservice:ManagedCluster"
    pools = [{"maxPods": UNKNOWN_STRING_VALUE}, {"maxPods": 10}]
    found, undecided = judge(kind, {"agentPoolProfiles": pools}, only="aks-max-pods")
    assert list(found) == ["aks-max-pods"]
    assert "agentPoolProfiles[1].maxPods" in found["aks-max-pods"][0]
    assert undecided == {"aks-max-pods"}


@pytest.mark.parametrize(
    "kind", ["azure-native:storage:Account", "azure-native:newthing:Thing", "kubernetes:apps/v1beta1:Deployment"]
)
def test_a_kind_that_the_pack_does_not_know_is_refused(kind: str) -> None:
    found, _ = judge(kind, {})
    assert list(found) == ["kinds-known"]
    assert "policy/rules/kinds.py" in found["kinds-known"][0]


@pytest.mark.parametrize("kind", [*GOOD, "pulumi:pulumi:Stack", "pulumi:providers:kubernetes", "mlops-forecasting:infra:Lake"])
def test_a_kind_that_the_pack_knows_is_not(kind: str) -> None:
    assert "kinds-known" not in judge(kind, {})[0]


@pytest.mark.parametrize("kind", [kind for kind in GOOD if kind.startswith("azure-native:")])
@pytest.mark.parametrize("version", ["v20240101", "v20250401preview"])
def test_an_api_version_in_the_token_switches_no_rule_off(kind: str, version: str) -> None:
    module, name = kind.removeprefix("azure-native:").split(":")
    expected = judge(kind, {})[0]
    tokens = (
        f"azure-native:{module}/{version}:{name}",
        f"azure-native_{module}_{version}:{module}:{name}",
        f"azure-native_{module}_{version}:{module}/{version}:{name}",
    )
    assert [judge(token, {})[0] for token in tokens] == [expected] * 3


def test_the_denied_roles_are_those_of_the_contracts() -> None:
    assert DENIED == roles.DENIED


@pytest.mark.parametrize("role", roles.ROLES.values())
def test_every_role_that_the_platform_gives_passes(role: str) -> None:
    kind = "azure-native:authorization:RoleAssignment"
    assert judge(kind, changed(kind, {"roleDefinitionId": ROLE + role})) == ({}, set())


@pytest.mark.parametrize("rule", ASKED_RULES)
def test_a_message_has_four_parts_and_shows_no_value(rule: str) -> None:
    for asked, check in _reads(rule):
        found, _ = judge(asked.kind, changed(asked.kind, {concrete(check.path): CANARY}))
        for message in (text for messages in found.values() for text in messages):
            assert CANARY not in message
        demands = [f"\n  allowed: {one.demand}\n  do:      {BY_ID[rule].remedy}" for one in BY_ID[rule].judged_by()]
        for message in found.get(rule, []):
            assert message.startswith(f"{BY_ID[rule].breach}\n  given:   ")
            assert message.endswith(tuple(demands))
