"""The block that `make up` ends with: what stands, what was registered, how long each phase took, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from contracts.events import Event, OwnEvent
from local.flow.arriving import Arrival
from local.flow.options import DEFAULT_STACK, Options
from local.flow.platform import Applied
from local.progress import Progress


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """All that the closing block tells."""

    options: Options
    applied: Applied
    arrival: Arrival
    registered: dict[OwnEvent, Event]
    peak_mebibytes: int


def show(outcome: Outcome, progress: Progress) -> None:
    """Print the block on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    for name, text in rows(outcome, progress):
        console.print(f"[bold]{name:<12}[/bold] {text}")


def rows(outcome: Outcome, progress: Progress) -> list[tuple[str, str]]:
    """Return name and text of each line of the block."""
    dataset, features = (outcome.registered[kind] for kind in (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED))
    facts, stack = dataset.data, outcome.options.stack
    of = "" if stack == DEFAULT_STACK else f" STACK={stack}"
    seconds = "  ".join(f"{name} {value:.1f}" for name, value in progress.seconds.items())
    return [
        ("stack", f"{stack}: {outcome.applied.summary}"),
        ("arrived", f"{outcome.arrival.version}, {outcome.arrival.rows:,} rows{' (before)' if outcome.arrival.repeated else ''}"),
        ("silver", f"{dataset.dataversion} and {features.dataversion}, registered"),
        (
            "rows",
            f"{facts['rows_out']:,} in {facts['series']:,} series, {_day(facts['first'])} to {_day(facts['last'])}, {facts['frequency']}",
        ),
        ("quarantined", _quarantined(facts)),
        ("prepared in", f"{facts['seconds']:.1f} s"),
        ("seconds", f"{seconds}  all {sum(progress.seconds.values()):.1f}"),
        ("peak memory", f"{outcome.peak_mebibytes:,} MiB, all processes together"),
        ("next", f"make status{of} | make up{of} again: changes nothing | make down{of}: leaves nothing"),
    ]


def _day(time: str) -> str:
    """Leave the time of day out where it is midnight, as it is for daily and slower data."""
    day, _, rest = time.partition("T")
    return day if rest.startswith("00:00:00") else time


def _quarantined(facts: dict[str, Any]) -> str:
    reasons = facts["quarantined"]
    if not reasons:
        return "0 rows"
    parts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    return f"{sum(reasons.values()):,} rows ({parts})"
