"""The rule on the waivers themselves: none is over, and none stands for what nobody needs waived any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pulumi_policy import PolicyResource, Severity
from pulumi_policy.proxy import UnknownValueError

from .estate import STACK, Estate
from .properties import places
from .rule import Check, Rule
from .sources import own
from .stack_rule import Fault, Judged, StackRule
from .tokens import kind_of
from .waivers import Address, Waiver, Waivers


def waivers_current(rules: Sequence[Rule | StackRule], waivers: Waivers) -> StackRule:
    """Return the rule on these waivers, which are of these rules."""
    by_id = {rule.id: rule for rule in rules}

    def judge(judged: Judged) -> Iterator[Fault]:
        at = Address.of(judged.resource.urn)
        for waiver in waivers.over(at):
            yield Fault(f"the waiver of {waiver.rule} ended on {waiver.expires}", "a day that is still to come")
        for waiver in waivers.standing(at):
            rule = by_id.get(waiver.rule)
            if rule is None:
                yield Fault(f"{waiver.rule} is no rule", "the id of a rule")
            else:
                for resource in _needless(waiver, rule, judged.estate):
                    yield Fault(f"{waiver.rule} on {resource} is needed no more", "waivers of what is broken")

    return StackRule(
        id="waivers-current",
        title="Every waiver is needed and not over",
        breach="A waiver that is over, or that nobody needs, hides the next breach of its rule.",
        kinds=(STACK,),
        judge=judge,
        severity=Severity.MEDIUM,
        source=own("waivers"),
        remedy="Take the row out of policy/waivers.json; where the breach still stands, mend it, or agree on a new day.",
        url="https://learn.microsoft.com/azure/governance/policy/concepts/exemption-structure",
    )


def _needless(waiver: Waiver, rule: Rule | StackRule, estate: Estate) -> list[str]:
    """Return the waived resources that are there and satisfy the rule; what is unknown yet may still break it."""
    found = {
        resource: [one for one in estate.resources if Address.of(one.urn).resource == resource] for resource in waiver.resources
    }
    return [resource for resource, ones in found.items() if ones and not any(_may_break(rule, one, estate) for one in ones)]


def _may_break(rule: Rule | StackRule, resource: PolicyResource, estate: Estate) -> bool:
    if isinstance(rule, StackRule):
        faults, unknown = rule.faults(estate)
        return unknown is not None or any(urn == resource.urn for urn, _ in faults)
    if not rule.judges(kind_of(resource.resource_type)):
        return False
    try:
        messages, unknown = rule.breaches(kind_of(resource.resource_type), resource.props)
    except UnknownValueError:
        return True
    # Outputs stand for inputs here, and a preview knows few of them.
    return bool(messages) or unknown is not None or any(_waits(check, resource) for check in rule.judged_by())


def _waits(check: Check, resource: PolicyResource) -> bool:
    return any(place.unknown for place in places(resource.props, check.path)) or (
        check.otherwise is not None and _waits(check.otherwise, resource)
    )
