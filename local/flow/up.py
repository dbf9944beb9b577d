"""`make up`: from nothing to a live forecast service; each phase can be repeated, and those after the ingest only watch."""

from __future__ import annotations

from local.doctor import examine, require
from local.engine.build import ensure_engine
from local.flow import arriving
from local.flow.first_look import first_look
from local.flow.loop import Standing, follow
from local.flow.options import Options
from local.flow.platform import Applied, apply
from local.flow.publishing import publish
from local.lifecycle import ROOT, start
from local.memory import PeakMemory
from local.progress import Progress
from local.services.cloud import Cloud
from local.services.eventhubs.broker import BROKER


def up(options: Options) -> int:
    """Bring the stack up, ingest, and wait for what the events make of it."""
    progress = Progress()
    require(examine(ROOT, options.state))
    first_look(options)
    with PeakMemory(options.state).watched() as memory:
        cloud, applied = stand_up(options, progress)
        with progress.step("ingest") as step:
            arrival = arriving.ingest(cloud, applied.outputs, options, step)
        return follow(Standing(cloud=cloud, applied=applied, options=options), arrival, progress, memory)


def stand_up(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform, publish what runs on it."""
    cloud, applied = stand_platform(options, progress)
    with progress.step("publish") as step:
        publish(cloud, applied.outputs, options.stack, step)
    return cloud, applied


def stand_platform(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform."""
    engine = ensure_engine(progress)
    BROKER.ensure(progress)
    with progress.step("services") as step:
        start(options.state, step)
    cloud = Cloud.open(options.state)
    with progress.step("platform") as step:
        applied = apply(engine, cloud, options.stack, step)
    return cloud, applied
