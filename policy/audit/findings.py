"""Breaches of rules, read from what the engine says, and the audit that they are part of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policy.rules import RULES, STACK_RULES
from policy.rules.rule import Rule
from policy.rules.stack_rule import StackRule

CATALOGUE: Mapping[str, Rule | StackRule] = {rule.id: rule for rule in (*RULES, *STACK_RULES)}
MANDATORY = "mandatory"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One breach: the rule, its level and severity, the URN of the resource, and the message without the rule's title."""

    rule: str
    level: str
    severity: str
    urn: str
    message: str

    @property
    def resource(self) -> str:
        """Kind and name."""
        _, _, types, name = [*self.urn.split("::", 3), "", "", ""][:4]
        return f"{types.rpartition('$')[2]} {name}"

    def part(self, name: str) -> str:
        """The line of the message that says what is `given` or `allowed`, or what to `do`."""
        lines = (line.strip() for line in self.message.splitlines())
        return next((line.removeprefix(f"{name}:").strip() for line in lines if line.startswith(f"{name}:")), "")


@dataclass(frozen=True, kw_only=True)
class Audit:
    """All findings on one stack of one project, and how many rules were asked."""

    stack: str
    project: str
    rules: int
    findings: tuple[Finding, ...]

    @property
    def mandatory(self) -> tuple[Finding, ...]:
        """The findings that must be mended, or waived."""
        return tuple(found for found in self.findings if found.level == MANDATORY)

    @property
    def summary(self) -> str:
        """One line for people."""
        advisory = len(self.findings) - len(self.mandatory)
        return f"{self.project} {self.stack}: {self.rules} rules, {len(self.mandatory)} mandatory breaches, {advisory} advisories"


def read(lines: Iterable[str]) -> tuple[Finding, ...]:
    """Read the engine's events, one JSON object a line; the worst come first."""
    events = (json.loads(line) for line in lines if line.startswith("{"))
    return worst_first(_finding(event["policyEvent"]) for event in events if "policyEvent" in event)


def worst_first(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """In the order in which people read them: mandatory ones first, then by severity."""
    order = ["critical", "high", "medium", "low", ""]
    return tuple(sorted(found, key=lambda one: (one.level != MANDATORY, order.index(one.severity), one.rule, one.urn)))


def _finding(event: Mapping[str, Any]) -> Finding:
    rule = str(event["policyName"])
    known = CATALOGUE.get(rule)
    title = f"{known.title}.\n" if known else ""
    return Finding(
        rule=rule,
        level=str(event["enforcementLevel"]),
        severity=str(event.get("severity", "")),
        urn=str(event.get("resourceUrn", "")),
        message=str(event["message"]).strip().removeprefix(title),
    )
