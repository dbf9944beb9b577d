"""One rule as data, and the Pulumi policy made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pulumi_policy import (
    EnforcementLevel,
    PolicyComplianceFramework,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
)
from pulumi_policy.proxy import UnknownValueError

from .properties import read
from .tokens import kind_of

Properties = Mapping[str, object]


@dataclass(frozen=True)
class Check:
    """What one property must satisfy: its dotted path, the test of its value (None: absent), the test in words."""

    path: str
    holds: Callable[[object], bool]
    allowed: str


@dataclass(frozen=True)
class Framework:
    """Where a rule comes from: catalogue, its version, the id there, and the ids of the same rule elsewhere."""

    name: str
    version: str
    reference: str
    also: str

    def described(self) -> PolicyComplianceFramework:
        """Return it in the form that the engine reports."""
        return PolicyComplianceFramework(self.name, self.version, self.reference, self.also)


def _always(_: Properties) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """A rule for some resource kinds: every check must hold wherever it applies.

    `demand` says what must be so, `breach` what is wrong when it is not, `remedy` what to change.
    """

    id: str
    title: str
    demand: str
    breach: str
    kinds: tuple[str, ...]
    checks: tuple[Check, ...]
    severity: Severity
    framework: Framework
    remedy: str
    url: str
    applies: Callable[[Properties], bool] = _always

    def breaches(self, properties: Properties) -> tuple[list[str], UnknownValueError | None]:
        """Return the message of each check that fails, and the first value that could not be judged yet.

        All checks are run, so that an unknown value never hides a fault in a known one.

        Raises:
            UnknownValueError: it can't be known yet whether the rule applies at all.
        """
        found: list[str] = []
        unknown: UnknownValueError | None = None
        for check in self.checks if self.applies(properties) else ():
            try:
                value = read(properties, check.path)
                if not check.holds(value):
                    found.append(self._message(check, absent=value is None))
            except UnknownValueError as error:
                unknown = unknown or error
        return found, unknown

    def _message(self, check: Check, *, absent: bool) -> str:
        # A resource policy gets secrets in clear and unmarked, so no value is ever shown.
        given = "not set" if absent else "set, but not as allowed (values are not shown, they may be secret)"
        return f"{self.breach}\n  given:   {check.path} is {given}\n  allowed: {check.allowed}\n  do:      {self.remedy}"


def policy(rule: Rule) -> ResourceValidationPolicy:
    """Return the mandatory Pulumi policy of a rule.

    An unknown value is handed on as UnknownValueError, which a preview reports as a warning that the rule could not
    run; the engine runs the rule again during the update, when the value is known and nothing is created yet.
    """

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if kind_of(args.resource_type) not in rule.kinds:
            return
        found, unknown = rule.breaches(args.props)
        for message in found:
            report(message, None)
        if unknown:
            raise unknown

    return ResourceValidationPolicy(
        name=rule.id,
        description=rule.demand,
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY,
        display_name=rule.title,
        severity=rule.severity,
        framework=rule.framework.described(),
        tags=[kind.removeprefix("azure-native:") for kind in rule.kinds],
        remediation_steps=rule.remedy,
        url=rule.url,
    )
