"""The five decisions: which rules are asked, and what follows from them (docs/contracts.md, 7)."""

from __future__ import annotations

from collections.abc import Callable

from ml_pipelines.gate import rules
from ml_pipelines.gate.bootstrap import Interval
from ml_pipelines.gate.decision import Decision, Outcome, Reason
from ml_pipelines.gate.evidence import Evidence, TooShort, Unchanged
from ml_pipelines.gate.limits import Limits
from ml_pipelines.gate.measures import Measured, measure

type Rule = Callable[[Measured, Limits], Reason]
type Comparison = Callable[[Interval, Limits], Reason]

MINIMUM_DATA: tuple[Rule, ...] = (rules.enough_history, rules.enough_series, rules.enough_actuals, rules.some_sales)
QUALITY: tuple[Rule, ...] = (
    rules.usable,
    rules.no_leak,
    rules.naive_floor,
    rules.bias,
    rules.coverage,
    rules.decile_bias,
    rules.decile_coverage,
    rules.worst_store,
)
OTHER_RECIPE: tuple[Comparison, ...] = (rules.superior, rules.worthwhile)
NEWER_DATA: tuple[Comparison, ...] = (rules.not_worse,)
STANDING = ("challenger", "champion")
"""Roles of a version that is in use or on its way there."""


def decide(subject: Evidence | Unchanged | TooShort, limits: Limits | None = None) -> Decision:
    """Decide what becomes of a trained model, or of a training that had nothing new, or too little, to fit.

    `insufficient_data` when there is too little to judge by, whatever the figures say. Otherwise: `promote` without a
    registered model when the rules of quality hold; with one of another recipe when the challenger is superior as well;
    `refresh` with one of the same recipe when it is not worse as well; in every other case `keep`.
    """
    if isinstance(subject, Unchanged):
        return _standing(subject)
    if isinstance(subject, TooShort):
        return _nothing_fitted(subject)
    limits = limits or Limits()
    measured = measure(subject, limits.resampling)
    data = tuple(rule(measured, limits) for rule in MINIMUM_DATA)
    if not all(reason.held for reason in data):
        return Decision(decision="insufficient_data", reasons=data, figures=measured.figures())
    outcome, comparisons = _course(subject)
    quality = tuple(rule(measured, limits) for rule in QUALITY)
    compared = tuple(rule(change, limits) for rule in comparisons if (change := measured.against_incumbent))
    held = all(reason.held for reason in (*quality, *compared))
    return Decision(decision=outcome if held else "keep", reasons=(*compared, *quality, *data), figures=measured.figures())


def _course(evidence: Evidence) -> tuple[Outcome, tuple[Comparison, ...]]:
    """What is decided when every rule holds, and the rules that compare with the registered model."""
    if evidence.incumbent is None:
        return "promote", ()
    return ("refresh", NEWER_DATA) if evidence.same_recipe else ("promote", OTHER_RECIPE)


def _standing(unchanged: Unchanged) -> Decision:
    """The same configuration on the same content: nothing to gain from a version that stands, nor from one that was put away."""
    stands = unchanged.role in STANDING
    text = f"version {unchanged.version} of {unchanged.model}, role {unchanged.role}, has the same configuration and content"
    reason = Reason(rule="unchanged", held=stands, value=None, bound=f"role {' or '.join(STANDING)}", text=text)
    return Decision(decision="no_change" if stands else "keep", reasons=(reason,))


def _nothing_fitted(short: TooShort) -> Decision:
    text = f"{short.periods:,} periods in all, {short.least:,} asked to fit a model and to judge it"
    reason = Reason(rule="enough_history", held=False, value=short.periods, bound=f">= {short.least}", text=text)
    return Decision(decision="insufficient_data", reasons=(reason,))
