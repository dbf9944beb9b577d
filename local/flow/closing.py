"""The block that `make up` ends with: what stands, what was registered and decided, seconds by phase, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from contracts.events import Event, OwnEvent
from local.flow.arriving import Arrival
from local.flow.options import DEFAULT_STACK, Options
from local.flow.platform import Applied
from local.flow.training import Trained
from local.progress import Progress

COLUMNS = ("wape", "smape", "mape", "bias", "coverage")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that the closing block tells; `metrics` maps a model to its figures over the last periods, shares of 1."""

    options: Options
    applied: Applied
    arrival: Arrival
    registered: dict[OwnEvent, Event]
    trained: Trained
    metrics: Mapping[str, Mapping[str, float]]
    peak_mebibytes: int


def show(outcome: Outcome, progress: Progress) -> None:
    """Print the block on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    for name, text in rows(outcome, progress):
        console.print(f"[bold]{name:<12}[/bold] {text}")


def rows(outcome: Outcome, progress: Progress) -> list[tuple[str, str]]:
    """Return name and text of each line of the block."""
    stack = outcome.options.stack
    of = "" if stack == DEFAULT_STACK else f" STACK={stack}"
    seconds = "  ".join(f"{name} {value:.1f}" for name, value in progress.seconds.items())
    return [
        ("stack", f"{stack}: {outcome.applied.summary}"),
        *_data_rows(outcome),
        *_training_rows(outcome.trained, outcome.metrics),
        ("seconds", f"{seconds}  all {sum(progress.seconds.values()):.1f}"),
        ("peak memory", f"{outcome.peak_mebibytes:,} MiB, all processes together"),
        ("next", f"make status{of} | make up{of} again: changes nothing | make down{of}: leaves nothing"),
    ]


def _data_rows(outcome: Outcome) -> list[tuple[str, str]]:
    dataset, features = (outcome.registered[kind] for kind in (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED))
    facts = dataset.data
    extent = f"{_day(facts['first'])} to {_day(facts['last'])}, {facts['frequency']}"
    return [
        ("arrived", f"{outcome.arrival.version}, {outcome.arrival.rows:,} rows{' (before)' if outcome.arrival.repeated else ''}"),
        ("silver", f"{dataset.dataversion} and {features.dataversion}, registered"),
        ("rows", f"{facts['rows_out']:,} in {facts['series']:,} series, {extent}"),
        ("quarantined", _quarantined(facts)),
        ("prepared in", f"{facts['seconds']:.1f} s"),
    ]


def _training_rows(trained: Trained, metrics: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str]]:
    """The run with its steps, the decision with its reasons, and one line of figures for each model."""
    steps = "  ".join(f"{step.name} {(step.ended or 0) - (step.started or 0):.1f}" for step in trained.steps)
    decision = trained.decision
    told = [("trained", f"run {trained.run.run_id}: {steps}"), ("decision", f"{decision['decision']}{trained.version_told}")]
    told += [("", f"{'+' if reason['held'] else '-'} {reason['text']}") for reason in decision["reasons"]]
    if metrics:
        told.append(("last periods", f"{'':22}" + "".join(f"{name:>10}" for name in COLUMNS)))
    return told + [
        ("", f"{name:22}" + "".join(_cell(figures, column) for column in COLUMNS)) for name, figures in metrics.items()
    ]


def _cell(figures: Mapping[str, float | None], column: str) -> str:
    value = figures.get(column)
    return f"{'':>10}" if value is None else f"{value:>10.2%}"


def _day(time: str) -> str:
    """Leave the time of day out where it is midnight, as it is for daily and slower data."""
    day, _, rest = time.partition("T")
    return day if rest.startswith("00:00:00") else time


def _quarantined(facts: Mapping[str, Any]) -> str:
    reasons = facts["quarantined"]
    if not reasons:
        return "0 rows"
    parts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    return f"{sum(reasons.values()):,} rows ({parts})"
