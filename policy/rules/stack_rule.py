"""One rule on a whole stack as data, and the Pulumi policy made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import PolicyResource, ReportViolation, Severity, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UnknownValueError

from .estate import Estate
from .rule import Terms, described
from .sources import Source
from .waivers import WAIVERS, Waivers


@dataclass(frozen=True)
class Fault:
    """What a resource lacks in its stack, and what is allowed; neither holds a value that may be secret."""

    given: str
    allowed: str


@dataclass(frozen=True)
class Judged:
    """A resource on which a rule is asked, the stack that it stands in, and what the stack sets for the rule."""

    resource: PolicyResource
    estate: Estate
    terms: Terms


@dataclass(frozen=True)
class StackRule:
    """A rule that takes more than one resource to judge; it is asked of each resource of its kinds.

    A rule on what a stack must hold is asked of the stack itself (`pulumi:pulumi:Stack`). `title` says what must be so,
    `breach` what is wrong when it is not, `remedy` what to change.
    """

    id: str
    title: str
    breach: str
    kinds: tuple[str, ...]
    judge: Callable[[Judged], Iterable[Fault]]
    severity: Severity
    source: Source
    remedy: str
    url: str
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def faults(self, estate: Estate, terms: Terms | None = None) -> tuple[list[tuple[str, str]], UnknownValueError | None]:
        """Return URN and message of each fault, and the first value that could not be judged yet."""
        own = {name: schema["default"] for name, schema in self.terms.items()} | dict(terms or {})
        found: list[tuple[str, str]] = []
        unknown: UnknownValueError | None = None
        for resource in estate.of(*self.kinds):
            try:
                found += [(resource.urn, self._message(fault)) for fault in self.judge(Judged(resource, estate, own))]
            except UnknownValueError as error:
                unknown = unknown or error
        return found, unknown

    def _message(self, fault: Fault) -> str:
        return f"{self.breach}\n  given:   {fault.given}\n  allowed: {fault.allowed}\n  do:      {self.remedy}"


def stack_policy(rule: StackRule, waivers: Waivers = WAIVERS) -> StackValidationPolicy:
    """Return the mandatory Pulumi policy of a rule on the whole stack; what is waived is not reported."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        found, unknown = rule.faults(Estate(args.resources), args.get_config())
        for urn, message in found:
            if not waivers.of(rule.id, urn):
                report(message, urn)
        if unknown:
            raise unknown

    return StackValidationPolicy(validate=validate, tags=["stack"], **described(rule))
