"""Each rule on a whole stack: what satisfies it, what breaks it, values that come later, other kinds, waivers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from pulumi_policy import StackValidationArgs
from pulumi_policy.policy import _NotApplicableError
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from deployment.declared.model import Declared
from deployment.judged.judging import estate
from policy.rules import RULES, STACK_RULES
from policy.rules.rule import policy
from policy.rules.stack_rule import StackRule, stack_policy
from policy.rules.upkeep import waivers_current
from policy.rules.waivers import Waiver, Waivers
from tests.policy.cases.stacks import ACCOUNT, CASES, ROOT, StackCases, res
from tests.policy.judging import arguments

BY_ID = {rule.id: rule for rule in STACK_RULES}
BREAKS = [(rule, words) for rule, cases in CASES.items() for words in cases.breaks]
DAY = date(2027, 1, 31)


def faults(rule: StackRule, rows: Sequence[Declared]) -> list[str]:
    """Return the names of the resources at fault."""
    found, unknown = rule.faults(estate(rows))
    assert unknown is None
    for _, message in found:
        assert message.startswith(f"{rule.breach}\n  given:   ")
        assert message.endswith(f"\n  do:      {rule.remedy}")
    return [urn.rpartition("::")[2] for urn, _ in found]


def test_every_rule_on_a_stack_has_cases() -> None:
    assert set(CASES) == {rule.id for rule in STACK_RULES} - {"waivers-current"}


@pytest.mark.parametrize("rule", CASES)
def test_a_good_stack_passes(rule: str) -> None:
    cases: StackCases = CASES[rule]
    assert [faults(BY_ID[rule], rows) for rows in (cases.good, *cases.also_good)] == [[]] * (1 + len(cases.also_good))


@pytest.mark.parametrize(("rule", "words"), BREAKS)
def test_a_bad_stack_is_refused_and_the_resource_named(rule: str, words: str) -> None:
    change, named = CASES[rule].breaks[words]
    assert named in faults(BY_ID[rule], change(list(CASES[rule].good)))


@pytest.mark.parametrize("rule", CASES)
def test_references_whose_values_come_later_are_known_by_their_resource(rule: str) -> None:
    rows = [replace(row, inputs={**row.inputs, **dict.fromkeys(row.sources, UNKNOWN_STRING_VALUE)}) for row in CASES[rule].good]
    if rule not in {"aml-network", "private-endpoints"}:
        assert faults(BY_ID[rule], rows) == []


@pytest.mark.parametrize("rule", CASES)
def test_an_api_version_in_the_tokens_changes_nothing(rule: str) -> None:
    def versioned(row: Declared) -> Declared:
        module, _, name = row.type.removeprefix("azure-native:").partition(":")
        return replace(row, type=f"azure-native:{module}/v20240101:{name}") if row.type.startswith("azure-native:") else row

    change, named = next(iter(CASES[rule].breaks.values()))
    assert faults(BY_ID[rule], [versioned(row) for row in CASES[rule].good]) == []
    assert named in faults(BY_ID[rule], [versioned(row) for row in change(list(CASES[rule].good))])


@pytest.mark.parametrize("rule", CASES)
def test_other_kinds_are_ignored(rule: str) -> None:
    assert faults(BY_ID[rule], [res("azure-native:compute:Disk", "disk"), res("kubernetes:core/v1:ConfigMap", "map")]) == []


@pytest.mark.parametrize("rule", CASES)
def test_the_engines_policy_reports_each_fault_on_its_resource(rule: str) -> None:
    change, named = next(iter(CASES[rule].breaks.values()))
    told: list[tuple[str, str | None]] = []
    whole = estate(change(list(CASES[rule].good)))
    stack_policy(BY_ID[rule], Waivers(())).validate(
        StackValidationArgs(list(whole.resources)), lambda text, urn=None: told.append((text, urn))
    )
    assert any(urn and urn.endswith(f"::{named}") for _, urn in told)


def waiver(**given: object) -> Waiver:
    row = {"rule": "st-lifecycle", "stacks": ("dev",), "project": "p", "reason": "r", "owner": "o", "expires": DAY}
    return Waiver(**{**row, "resources": ("azure-native:storage:StorageAccount::account",), **given})  # type: ignore[arg-type]


def waivers(*rows: Waiver, today: date = DAY) -> Waivers:
    return Waivers(rows, lambda: today)


def reported(rule: StackRule, held: Waivers) -> list[str]:
    told: list[str] = []
    stack_policy(rule, held).validate(
        StackValidationArgs(list(estate((ROOT, ACCOUNT)).resources)), lambda text, _=None: told.append(text)
    )
    return told


def test_a_waived_breach_is_not_reported_until_its_last_day_is_over() -> None:
    rule = BY_ID["st-lifecycle"]
    assert len(reported(rule, waivers())) == 1
    assert reported(rule, waivers(waiver())) == []
    assert len(reported(rule, waivers(waiver(), today=date(2027, 2, 1)))) == 1


@pytest.mark.parametrize(
    "other",
    [{"stacks": ("prod",)}, {"project": "q"}, {"rule": "st-https"}, {"resources": ("azure-native:storage:StorageAccount::b",)}],
)
def test_a_waiver_covers_its_own_rule_stack_project_and_resource_alone(other: dict[str, object]) -> None:
    assert len(reported(BY_ID["st-lifecycle"], waivers(waiver(**other)))) == 1


def test_a_waived_breach_of_a_rule_on_a_resource_is_told_as_not_applicable() -> None:
    rule = next(rule for rule in RULES if rule.id == "st-https")
    held = waivers(waiver(rule="st-https"))
    told: list[str] = []
    given = arguments("azure-native:storage:StorageAccount", {}, ACCOUNT.urn)
    with pytest.raises(_NotApplicableError) as skipped:
        policy(rule, held).validate(given, lambda text, _=None: told.append(text))
    assert skipped.value.reason == "waived until 2027-01-31 by o: r"
    assert told == []


@pytest.mark.parametrize(
    ("row", "today", "said"),
    [
        (waiver(), date(2027, 2, 1), "ended on 2027-01-31"),
        (waiver(rule="no-such-rule"), DAY, "is no rule"),
        (waiver(rule="tags-required", resources=("pulumi:pulumi:Stack::p-dev",)), DAY, "needed no more"),
        (waiver(rule="eh-hub-consumer-group"), DAY, "needed no more"),
    ],
)
def test_a_waiver_that_is_over_or_needless_is_a_breach(row: Waiver, today: date, said: str) -> None:
    rule = waivers_current((*RULES, *STACK_RULES), waivers(row, today=today))
    ((urn, message),), _ = rule.faults(estate((ROOT, ACCOUNT)))
    assert urn == ROOT.urn
    assert said in message


def test_a_waiver_that_is_needed_or_whose_resource_is_not_declared_now_is_none() -> None:
    for row in (waiver(), waiver(resources=("azure-native:storage:StorageAccount::absent",))):
        rule = waivers_current((*RULES, *STACK_RULES), waivers(row))
        assert rule.faults(estate((ROOT, ACCOUNT))) == ([], None)
