"""`make demo`: something happens to a stack that stands, and the loop answers by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from contracts.errors import FourPartError
from local.engine.build import ensure_engine
from local.flow import arriving
from local.flow.arriving import Arrival
from local.flow.commands import run
from local.flow.loop import Standing, follow
from local.flow.options import Options
from local.flow.platform import standing
from local.flow.republish import require_stack
from local.lifecycle import start
from local.memory import PeakMemory
from local.progress import Progress, Step
from local.services.cloud import Cloud


class ScenarioUnknownError(FourPartError):
    """No demonstration of this name."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is about to happen, in words, and the arrival that makes it happen."""

    told: str
    arrive: Callable[[Standing, Step], Arrival]


def new_data(stack: Standing, step: Step) -> Arrival:
    """One more period of the stack's own panel is ingested."""
    outputs, cloud = stack.applied.outputs, stack.cloud
    folder = cloud.state / "data"
    folder.mkdir(parents=True, exist_ok=True)
    step.detail = "making the period after the last one"
    made = run(
        cloud,
        "local.flow.next_period",
        [str(folder / "next-period.parquet")],
        identity=outputs.identities["data"]["name"],
        account=outputs.lake_account,
        extra=outputs.environment("data"),
    )
    options = replace(stack.options, data=made["file"], columns="")
    return arriving.ingest(cloud, outputs, options, step)


SCENARIOS: Mapping[str, Scenario] = {
    "new-data": Scenario(
        told="One more period of sales arrives. Nothing else is started by hand: the commit's event makes silver, the features'\n"
        "event trains, the gate decides, the image's event releases, and production answers with the new model or the old one.",
        arrive=new_data,
    )
}


def demo(options: Options) -> int:
    """Tell what will happen, make it happen, and watch the loop close.

    Raises:
        ScenarioUnknownError: when there is no such scenario.
        StackAbsentError: when there is no stack to show it on.
    """
    scenario = SCENARIOS.get(options.scenario)
    if scenario is None:
        raise ScenarioUnknownError(
            "There is no such demonstration.",
            given=options.scenario,
            allowed=", ".join(SCENARIOS),
            remedy="make demo SCENARIO=new-data",
        )
    require_stack(options)
    sys.stdout.write(f"{scenario.told}\n\n")
    progress = Progress()
    engine = ensure_engine(progress)
    with PeakMemory(options.state).watched() as memory:
        with progress.step("services") as step:
            start(options.state, step)
        cloud = Cloud.open(options.state)
        stack = Standing(cloud=cloud, applied=standing(engine, cloud, options.stack), options=options)
        with progress.step("ingest") as step:
            arrival = scenario.arrive(stack, step)
        return follow(stack, arrival, progress, memory)
