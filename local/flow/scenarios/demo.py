"""`make demo`: something happens to a stack that stands; what stops it, where to see it, and that the stack is healthy after it."""

from __future__ import annotations

import sys

from local.engine.build import ensure_engine
from local.flow.closing import show
from local.flow.loop import Standing
from local.flow.options import Options
from local.flow.platform import standing
from local.flow.republish import require_stack
from local.flow.scenarios.health import Health, Mark, examine
from local.flow.scenarios.registry import after, find
from local.flow.scenarios.scenario import Played, Rows, Scenario, Stage
from local.lifecycle import start
from local.memory import PeakMemory
from local.progress import Progress
from local.services.cloud import Cloud

BROKE = 1


def demo(options: Options) -> int:
    """Tell what will happen, make it happen, and show what came of it; 1 when the defence did not hold.

    Raises:
        ScenarioUnknownError: when there is no such scenario.
        StackAbsentError: when there is no stack to show it on.
        FourPartError: when the loop came to no end.
    """
    scenario = find(options.scenario)
    require_stack(options)
    sys.stdout.write(f"{scenario.told}\n\n")
    sys.stdout.flush()
    progress = Progress()
    engine = ensure_engine(progress)
    with PeakMemory(options.state).watched() as memory:
        with progress.step("services") as step:
            start(options.state, step)
        cloud = Cloud.open(options.state)
        stands = Standing(cloud=cloud, applied=standing(engine, cloud, options.stack), options=options)
        return _play(scenario, Stage(standing=stands, progress=progress, memory=memory))


def _play(scenario: Scenario, stage: Stage) -> int:
    if not scenario.defends:
        return 0 if scenario.play(stage).held else BROKE
    _health(stage, "at rest", Mark.of(stage.cloud))
    since = Mark.of(stage.cloud)
    played = scenario.play(stage)
    health = _health(stage, "health", since)
    show(list(_rows(scenario, stage, played, health)))
    return 0 if played.held and not health.faults else BROKE


def _health(stage: Stage, title: str, since: Mark) -> Health:
    """Examine the stack once nothing is on its way, so that a scenario counts its own work alone."""
    with stage.progress.step(title) as step:
        health = examine(stage.cloud, since, step)
        if health.faults:
            step.warn(step.detail)
    return health


def _rows(scenario: Scenario, stage: Stage, played: Played, health: Health) -> Rows:
    """The scenario's block."""
    verdict = "held" if played.held else "DID NOT HOLD"
    return (
        ("scenario", f"{scenario.name}: {verdict}, {played.verdict}"),
        *played.rows,
        *[("see" if index == 0 else "", str(see)) for index, see in enumerate(played.see)],
        ("healthy", f"no: {'; '.join(health.faults)}" if health.faults else f"yes: {health.told}"),
        ("took", f"{stage.progress.total:.1f} s"),
        ("next", " | ".join(stage.command(line) for line in (f"make demo SCENARIO={after(scenario.name)}", "make status"))),
    )
