"""`make up`: from nothing to a registered silver version; each phase can be repeated, and the last only watches."""

from __future__ import annotations

from contracts.events import OwnEvent
from local.doctor import examine, require
from local.engine.build import ensure_engine
from local.flow import arriving, closing
from local.flow.handler import want_handler
from local.flow.options import Options
from local.flow.platform import Applied, apply
from local.flow.publishing import publish
from local.flow.watch import wait_for_silver
from local.lifecycle import ROOT, start
from local.memory import PeakMemory
from local.progress import Progress
from local.services.cloud import Cloud
from local.services.eventhubs.broker import BROKER


def up(options: Options) -> int:
    """Bring the stack up, ingest, and wait for what the events make of it."""
    progress = Progress()
    require(examine(ROOT))
    with PeakMemory(options.state).watched() as memory:
        cloud, applied = stand_up(options, progress)
        with progress.step("ingest") as step:
            arrival = arriving.ingest(cloud, applied.outputs, options, step)
        with progress.step("silver") as step:
            registered = wait_for_silver(cloud, arrival.version, step)
            step.detail = f"{arrival.version} became {registered[OwnEvent.DATASET_REGISTERED].dataversion}"
    outcome = closing.Outcome(
        options=options, applied=applied, arrival=arrival, registered=registered, peak_mebibytes=memory.mebibytes
    )
    closing.show(outcome, progress)
    return 0


def stand_up(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform, publish the jobs, ask for the handler."""
    engine = ensure_engine(progress)
    BROKER.ensure(progress)
    with progress.step("services") as step:
        start(options.state, step)
    cloud = Cloud.open(options.state)
    with progress.step("platform") as step:
        applied = apply(engine, cloud, options.stack, step)
    with progress.step("publish") as step:
        publish(cloud, applied.outputs, step)
        want_handler(cloud, applied.outputs)
    return cloud, applied
