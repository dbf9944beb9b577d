"""The insecure twin: what the programs really declare, each property spoiled in turn, is refused rule by rule.

Rules whose kinds no program declares yet are judged by their tables alone; as soon as one declares the kind, they are asked
of it here, too.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from deployment.declared.model import Declared
from deployment.declared.programs import PLATFORM, RELEASE, whole
from deployment.judged.judging import findings, stack_resource
from local.engine.build import Engine, ensure_engine
from local.progress import Progress
from policy.audit.findings import CATALOGUE, Finding
from policy.rules import RULES
from policy.rules.levels import levels
from policy.rules.tokens import kind_of
from policy.rules.waivers import WAIVERS, Address
from tests.policy.cases.break_case import Break
from tests.policy.cases.table import BREAKS, BY_ID, Asked
from tests.policy.judging import spoiled
from tests.policy.states import analyze, state

PROGRAMS = [(project, stack) for project in (PLATFORM, RELEASE) for stack in ("dev", "prod")]
COMPANIONS = {
    "st-lifecycle": "azure-native:storage:ManagementPolicy",
    "eh-namespace-filtered": "azure-native:eventhub:NamespaceNetworkRuleSet",
    "eh-hub-consumer-group": "azure-native:eventhub:ConsumerGroup",
    "hubs-present": "azure-native:eventhub:EventHub",
    "eg-roles-present": "azure-native:authorization:RoleAssignment",
    "k8s-default-deny": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "k8s-network-policy": "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "k8s-disruption-budget": "kubernetes:policy/v1:PodDisruptionBudget",
}
"""Rules on the stack that the programs satisfy, and the kind without which they do not."""

PUBLIC = {"eh-namespace-filtered"}
"""Of them those that a private network satisfies in another way."""


def broken(project: str, stack: str) -> tuple[Finding, ...]:
    return findings(whole(project, stack), stack)


@pytest.mark.parametrize(("project", "stack"), PROGRAMS)
def test_the_programs_break_no_mandatory_rule_that_is_not_waived(project: str, stack: str) -> None:
    found = levels(stack)
    wrong = [one for one in broken(project, stack) if found[one.rule].name == "mandatory" and not WAIVERS.of(one.rule, one.urn)]
    assert wrong == []


def test_every_waiver_is_needed_by_what_the_programs_declare() -> None:
    needed = {
        (project, stack, one.rule, Address.of(one.urn).resource) for project, stack in PROGRAMS for one in broken(project, stack)
    }
    held = {
        (row.project, stack, row.rule, resource) for row in WAIVERS.rows for stack in row.stacks for resource in row.resources
    }
    assert held <= needed


def _targets(rule: str) -> list[tuple[str, Declared, Asked, Break]]:
    """Real resources of the kinds that a rule judges, and a bad example for each; production first."""
    return [
        (project, row, asked, one)
        for project in (PLATFORM, RELEASE)
        for row in whole(project, "prod")
        for asked, one in BREAKS
        if asked.rule == rule and kind_of(row.type) == asked.kind and one == asked.cases.breaks[0]
    ]


def test_most_rules_judge_something_that_is_really_declared() -> None:
    assert sum(bool(_targets(rule.id)) for rule in RULES) >= 120


@pytest.mark.parametrize("rule", sorted({asked.rule for asked, _ in BREAKS}))
def test_a_spoiled_property_of_a_real_resource_is_refused_by_its_rule(rule: str) -> None:
    for project, row, asked, one in _targets(rule)[:3]:
        bad = spoiled(row, asked.at(one.changes))
        terms = levels("prod")[rule].terms
        resource = stack_resource(bad.type, bad.name, bad.inputs, urn=bad.urn)
        messages, unknown = BY_ID[rule].breaches(asked.kind, resource.props, terms)
        assert unknown is None
        assert messages, (project, row.urn)
        assert all(BY_ID[rule].remedy in message for message in messages)


@pytest.mark.parametrize(("rule", "kind"), COMPANIONS.items())
def test_a_real_stack_without_what_a_rule_demands_is_refused(rule: str, kind: str) -> None:
    project = RELEASE if rule.startswith("k8s") else PLATFORM
    stack = "dev" if rule in PUBLIC else "prod"
    rows = whole(project, stack)
    assert rule not in {one.rule for one in findings(rows, stack)}
    without = [row for row in rows if row.type != kind]
    assert len(without) < len(rows)
    assert rule in {one.rule for one in findings(without, stack)}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ensure_engine(Progress())


@pytest.mark.engine
@pytest.mark.parametrize(("project", "stack"), PROGRAMS)
def test_the_engine_passes_the_state_of_each_program(engine: Engine, project: str, stack: str, tmp_path: Path) -> None:
    code, output = analyze(engine, tmp_path, state(whole(project, stack)), stack)
    assert code == 0, output
    assert "mlops-forecasting@v0.1.0" in output
    assert "[mandatory]" not in output


@pytest.mark.engine
def test_the_engine_refuses_the_insecure_twin_rule_by_rule(engine: Engine, tmp_path: Path) -> None:
    twins: list[Declared] = []
    expected: Counter[tuple[str, str]] = Counter()
    for rule in RULES:
        for _, row, asked, one in _targets(rule.id)[:1]:
            name = f"twin-{rule.id}"
            twins.append(replace(spoiled(row, asked.at(one.changes)), name=name, urn=f"{row.urn.rpartition('::')[0]}::{name}"))
            expected[rule.id, name] += 1
    root = next(row for row in whole(PLATFORM, "prod") if row.type == "pulumi:pulumi:Stack")
    code, output = analyze(engine, tmp_path, state([root, *twins]), "prod")
    assert code != 0
    level = {rule: found.name for rule, found in levels("prod").items()}
    told = re.findall(r"\[(\w+)\] \[severity: \w+\]  (\S+)  \(\S+: (twin-\S+)\)", output)
    assert set(expected) <= {(rule, name) for _, rule, name in told}, output
    assert {(rule, name) for found, rule, name in told if found != level[rule]} == set()
    remedies = {rule.id: rule.remedy for rule in CATALOGUE.values()}
    plain = " ".join(output.split())
    assert [rule for rule, _ in expected if " ".join(remedies[rule].split()) not in plain] == []
