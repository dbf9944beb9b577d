"""One rule as data, and the Pulumi policy made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)
from pulumi_policy.proxy import UnknownValueError

from .properties import Place, Properties, places
from .sources import Source
from .tokens import kind_of
from .waivers import WAIVERS, Waivers

Terms = Mapping[str, Any]
"""What a stack sets for a rule, by name."""


@dataclass(frozen=True)
class Check:
    """What one property must satisfy: its dotted path, the test of its value (None: absent), the test in words.

    `[]` after a name in the path asks the rest of each item of that list. `on` narrows the check to some of its rule's
    kinds. `otherwise` is enough where this check fails. `reads` are properties below the path that the test looks at.
    With `later`, a value that a preview can't know is left to the update without a warning.
    """

    path: str
    holds: Callable[[object], bool]
    allowed: str
    on: tuple[str, ...] = ()
    otherwise: Check | None = None
    reads: tuple[str, ...] = ()
    later: bool = False

    @property
    def demand(self) -> str:
        """The test in words, with what is enough instead of it."""
        return f"{self.allowed}, or {self.otherwise.demand}" if self.otherwise else self.allowed

    def failures(self, properties: Properties) -> tuple[list[Place], UnknownValueError | None]:
        """Return the places where the check fails, and the first value that could not be judged yet."""
        failed: list[Place] = []
        unknown: UnknownValueError | None = None
        for place in places(properties, self.path):
            try:
                if place.unknown:
                    raise place.unknown
                if not self.holds(place.value):
                    failed.append(place)
            except UnknownValueError as error:
                unknown = unknown or (None if self.later else error)
        if self.otherwise and (failed or unknown):
            others, open_still = self.otherwise.failures(properties)
            if not others:
                return [], open_still
        return failed, unknown


def _always(_: Properties) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """A rule for some resource kinds: every check must hold wherever it applies.

    `among` tells the kinds where they can't be listed. `title` says what must be so, `breach` what is wrong when it is not, `remedy` what to change. `terms` are the JSON
    schemas, with defaults, of what a stack may set; `checks` may be made of them.
    """

    id: str
    title: str
    breach: str
    kinds: tuple[str, ...]
    checks: tuple[Check, ...] | Callable[[Terms], tuple[Check, ...]]
    severity: Severity
    source: Source
    remedy: str
    url: str
    applies: Callable[[Properties], bool] = _always
    among: Callable[[str], bool] | None = None
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def judges(self, kind: str) -> bool:
        """Tell whether the rule is asked of a kind."""
        return self.among(kind) if self.among else kind in self.kinds

    def judged_by(self, terms: Terms | None = None) -> tuple[Check, ...]:
        """Return the checks under what a stack sets; what it does not set is the default."""
        if not callable(self.checks):
            return self.checks
        return self.checks({name: schema["default"] for name, schema in self.terms.items()} | dict(terms or {}))

    def breaches(
        self, kind: str, properties: Properties, terms: Terms | None = None
    ) -> tuple[list[str], UnknownValueError | None]:
        """Return the message of each place where a check fails, and the first value that could not be judged yet.

        All checks are run, so that an unknown value never hides a fault in a known one.

        Raises:
            UnknownValueError: it can't be known yet whether the rule applies at all.
        """
        found: list[str] = []
        unknown: UnknownValueError | None = None
        for check in self.judged_by(terms) if self.applies(properties) else ():
            if check.on and kind not in check.on:
                continue
            failed, waits = check.failures(properties)
            unknown = unknown or waits
            found += [self._message(check, place) for place in failed]
        return found, unknown

    def _message(self, check: Check, place: Place) -> str:
        # A resource policy gets secrets in clear and unmarked, so no value is ever shown.
        given = "not set" if place.value is None else "set, but not as allowed (values are not shown, they may be secret)"
        told = f"{place.where} is {given}" if place.where else "the resource as it is (values are not shown, they may be secret)"
        return f"{self.breach}\n  given:   {told}\n  allowed: {check.demand}\n  do:      {self.remedy}"


def policy(rule: Rule, waivers: Waivers = WAIVERS) -> ResourceValidationPolicy:
    """Return the mandatory Pulumi policy of a rule.

    An unknown value is handed on as UnknownValueError, which a preview reports as a warning that the rule could not
    run; the engine runs the rule again during the update, when the value is known and nothing is created yet. A breach
    that is waived is reported as not applicable, with the waiver's reason.
    """

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        kind = kind_of(args.resource_type)
        if not rule.judges(kind):
            return
        found, unknown = rule.breaches(kind, args.props, args.get_config())
        if found and (waiver := waivers.of(rule.id, args.urn)):
            args.not_applicable(waiver.told)
        for message in found:
            report(message, None)
        if unknown:
            raise unknown

    return ResourceValidationPolicy(
        validate=validate, tags=[kind.removeprefix("azure-native:") for kind in rule.kinds], **described(rule)
    )


def described(rule: Any) -> dict[str, Any]:
    """Return what the engine is told of a rule, of whichever sort, besides its test."""
    return {
        "name": rule.id,
        "description": f"{rule.title}.",
        "enforcement_level": EnforcementLevel.MANDATORY,
        "config_schema": PolicyConfigSchema(properties={name: dict(schema) for name, schema in rule.terms.items()})
        if rule.terms
        else None,
        "display_name": rule.title,
        "severity": rule.severity,
        "framework": rule.source.described(),
        "remediation_steps": rule.remedy,
        "url": rule.url,
    }
