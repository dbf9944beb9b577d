"""`duplicate-events`: Event Grid delivers everything twice, late and out of order, and every stage must run once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from local.flow.arriving import Arrival
from local.flow.closing import shown
from local.flow.scenarios.deliveries import Deliveries
from local.flow.scenarios.health import Mark, counts, examine
from local.flow.scenarios.scenario import Played, Scenario, See, Stage
from local.flow.scenarios.starts import starts_of
from local.report.recorder import FILE as EVENTS
from local.services.chaos import Chaos, get_chaos, set_chaos
from local.services.cloud import Cloud

UNRELIABLE = Chaos(duplicate=True, delay_seconds=0.5, reorder_seconds=2.0)


def play(stage: Stage) -> Played:
    """Let a period arrive while Event Grid is unreliable, and count."""
    cloud, mark, before = stage.cloud, Mark.of(stage.cloud), counts(stage.cloud).get("duplicates", 0)
    with unreliable(cloud, UNRELIABLE):
        outcome = stage.follow(stage.arrive())
    with stage.progress.step("count") as step:
        examine(cloud, mark, step)  # copies may still be on their way
        delivered, starts = Deliveries.since(cloud, mark), starts_of(cloud, outcome)
        absorbed = counts(cloud)["duplicates"] - before
        step.detail = f"{delivered.total} deliveries of {delivered.events} events"
    twice = delivered.total == 2 * delivered.events > 0
    good = outcome.released.decision != "rejected"
    return Played(
        held=twice and starts.once and good,
        verdict="every stage ran once" if starts.once else "a stage did not run once",
        rows=(
            ("delivered", _told(delivered)),
            ("counted", f"{starts.told}, each in its target's own store"),
            ("stopped by", f"the handler's inbox, one row for each effect: {absorbed} second deliveries started nothing"),
            ("chaos", "off again"),
        ),
        see=_see(stage, outcome.arrival),
    )


@contextmanager
def unreliable(cloud: Cloud, chaos: Chaos) -> Iterator[None]:
    """Make Event Grid unreliable for the block, whatever ends it."""
    throttle = get_chaos(cloud.store).throttle
    try:
        set_chaos(cloud.store, replace(chaos, throttle=throttle))
        yield
    finally:
        set_chaos(cloud.store, Chaos(throttle=throttle))


def _told(delivered: Deliveries) -> str:
    ways = f"each twice, up to {delivered.late:.1f} s late, {delivered.overtook} after a later event"
    return f"{delivered.total} deliveries of {delivered.events} events, {ways}"


def _see(stage: Stage, arrival: Arrival) -> tuple[See, ...]:
    events, commit = shown(stage.cloud.state / EVENTS), f"bronze/blobs/sales/_delta_log/{arrival.version.version:020d}.json"
    return (
        See(command=stage.command("make status"), shows=f"{counts(stage.cloud)['duplicates']} duplicates"),
        See(command=f"grep -c {commit} {events}", shows="2"),
    )


DUPLICATE_EVENTS = Scenario(
    name="duplicate-events",
    told="Event Grid promises delivery at least once and no order. Now it delivers everything twice, late and out of order\n"
    f"(`local-cloud chaos`: {UNRELIABLE.delay_seconds} s late, up to {UNRELIABLE.reorder_seconds} s more at random), and one more"
    " period arrives.\nThe loop must still run exactly once: one Databricks run, one Azure ML job, one release.",
    play=play,
)
