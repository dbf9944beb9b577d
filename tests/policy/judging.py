"""Runs the pack's rules on declared resources, in the form in which the engine hands them over."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import PolicyCustomTimeouts, PolicyResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from policy.rules import RULES, STACK_RULES
from policy.rules.estate import Estate
from policy.rules.levels import Level, levels
from policy.rules.rule import Rule
from policy.rules.stack_rule import StackRule
from policy.rules.tokens import kind_of
from tests.policy.programs import Declaration

ALL: tuple[Rule | StackRule, ...] = (*RULES, *STACK_RULES)


@dataclass(frozen=True)
class Finding:
    """A breach: rule, resource, message."""

    rule: str
    urn: str
    message: str


def as_engine(properties: Mapping[str, Any]) -> Any:
    """Return inputs in the form in which the engine hands them to a policy: through the wire, numbers as floats."""
    wire = struct_pb2.Struct()
    wire.update(dict(properties))
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(wire)))


def options(*, protect: bool = False) -> PolicyResourceOptions:
    """Return the options of a resource."""
    times = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(protect, [], None, [], times, [])


def estate(declarations: Sequence[Declaration]) -> Estate:
    """Return the stack as a policy gets it, with dependencies as resources."""
    found = {row.urn: _resource(row) for row in declarations}
    for row in declarations:
        for name, urns in row.dependencies.items():
            found[row.urn].property_dependencies[name] = [found[urn] for urn in urns if urn in found]
    return Estate(list(found.values()))


def _resource(row: Declaration) -> PolicyResource:
    return stack_resource(row.kind, row.name, row.inputs, urn=row.urn, protect=row.protect)


def stack_resource(kind: str, name: str, inputs: Mapping[str, Any], *, urn: str = "", protect: bool = False) -> PolicyResource:
    """Return a resource as a rule on the stack gets it."""
    urn = urn or f"urn:pulumi:dev::p::{kind}::{name}"
    return PolicyResource(kind, as_engine(inputs), urn, name, options(protect=protect), None, None, [], {})


def findings(declarations: Sequence[Declaration], stack: str) -> list[Finding]:
    """Return every breach of a rule that the stack does not switch off, waived or not."""
    found: list[Finding] = []
    by_rule = levels(stack)
    whole = estate(declarations)
    for rule in ALL:
        if by_rule[rule.id].name != "disabled":
            found += _of_rule(rule, by_rule[rule.id], whole)
    return found


def _of_rule(rule: Rule | StackRule, level: Level, whole: Estate) -> list[Finding]:
    if isinstance(rule, StackRule):
        faults, unknown = rule.faults(whole, level.terms)
        assert unknown is None, (rule.id, unknown)
        return [Finding(rule.id, urn, message) for urn, message in faults]
    return [
        Finding(rule.id, resource.urn, message)
        for resource in whole.resources
        if rule.judges(kind_of(resource.resource_type))
        for message in rule.breaches(kind_of(resource.resource_type), resource.props, level.terms)[0]
    ]


def spoiled(row: Declaration, changes: Mapping[str, Any]) -> Declaration:
    """Return a declaration with some properties replaced (dotted paths, `[0]` for list items); None takes one away."""
    inputs = copy.deepcopy(row.inputs)
    for path, value in changes.items():
        set_at(inputs, path, value)
    return replace(row, inputs=inputs)


def set_at(properties: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a path, making what should hold it; None takes it away; an empty path replaces everything."""
    if not path:
        properties.clear()
        properties.update(value or {})
        return
    node: Any = properties
    steps = [step for name in path.split(".") for step in _steps(name)]
    for step, following in itertools.pairwise(steps):
        if isinstance(step, str) and not isinstance(node.get(step), (dict, list)):
            node[step] = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            node += [{} for _ in range(step + 1 - len(node))]
        node = node[step]
    last = steps[-1]
    if value is None:
        node.pop(last, None) if isinstance(node, dict) else node.clear()
    elif isinstance(last, int):
        node[last : last + 1] = [value]
    else:
        node[last] = value


def _steps(name: str) -> list[str | int]:
    first, *rest = name.replace("]", "").split("[")
    return [first, *map(int, rest)]


def arguments(token: str, properties: Mapping[str, Any], urn: str = "", config: Mapping[str, Any] | None = None) -> Any:
    """Return what the engine passes to a rule for one resource."""
    urn = urn or f"urn:pulumi:dev::p::{token}::it"
    return ResourceValidationArgs(token, as_engine(properties), urn, "it", options(), None, config)
