"""Judges declared resources by the rules, in the form in which the engine hands them over; no engine is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import PolicyCustomTimeouts, PolicyResource, PolicyResourceOptions
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from deployment.declared.model import Declared
from policy.audit.findings import CATALOGUE, Finding, worst_first
from policy.rules.estate import Estate
from policy.rules.levels import DISABLED, Level, levels
from policy.rules.rule import Rule
from policy.rules.stack_rule import StackRule
from policy.rules.tokens import kind_of
from policy.rules.waivers import WAIVERS, Waivers


def as_engine(properties: Mapping[str, Any]) -> Any:
    """Return inputs in the form in which the engine hands them to a policy: through the wire, numbers as floats."""
    wire = struct_pb2.Struct()
    wire.update(dict(properties))
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(wire)))


def options(*, protect: bool = False) -> PolicyResourceOptions:
    """Return the options of a resource."""
    times = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(protect, [], None, [], times, [])


def estate(rows: Sequence[Declared]) -> Estate:
    """Return the stack as a policy gets it, with dependencies as resources."""
    found = {row.urn: _resource(row) for row in rows}
    for row in rows:
        for name, urns in row.sources.items():
            found[row.urn].property_dependencies[name] = [found[urn] for urn in urns if urn in found]
    return Estate(list(found.values()))


def _resource(row: Declared) -> PolicyResource:
    return stack_resource(row.type, row.name, row.inputs, urn=row.urn, protect=row.protected)


def stack_resource(kind: str, name: str, inputs: Mapping[str, Any], *, urn: str = "", protect: bool = False) -> PolicyResource:
    """Return a resource as a rule on the stack gets it."""
    urn = urn or f"urn:pulumi:dev::p::{kind}::{name}"
    return PolicyResource(kind, as_engine(inputs), urn, name, options(protect=protect), None, None, [], {})


def findings(rows: Sequence[Declared], stack: str, waivers: Waivers = WAIVERS) -> tuple[Finding, ...]:
    """Return every breach, not waived, of a rule that the stack does not switch off; the worst come first.

    Raises:
        UnknownValueError: a rule on the whole stack asks for a value that is known only in Azure.
    """
    by_rule, whole = levels(stack), estate(rows)
    asked = [rule for rule in CATALOGUE.values() if by_rule[rule.id].name != DISABLED]
    return worst_first(
        Finding(rule=rule.id, level=by_rule[rule.id].name, severity=rule.severity.value, urn=urn, message=message)
        for rule in asked
        for urn, message in _breaches(rule, by_rule[rule.id], whole)
        if not waivers.of(rule.id, urn)
    )


def _breaches(rule: Rule | StackRule, level: Level, whole: Estate) -> Iterator[tuple[str, str]]:
    if isinstance(rule, StackRule):
        faults, unknown = rule.faults(whole, level.terms)
        if unknown:
            raise unknown
        yield from faults
        return
    for resource in whole.resources:
        kind = kind_of(resource.resource_type)
        if rule.judges(kind):
            yield from ((resource.urn, message) for message in rule.breaches(kind, resource.props, level.terms)[0])
