"""`make up`: from nothing to a live forecast service; each phase can be repeated, and those after the ingest only watch."""

from __future__ import annotations

from importlib import import_module
from threading import Thread

from local.doctor import examine, require
from local.engine.build import Engine, ensure_engine
from local.flow import arriving
from local.flow.first_look import first_look
from local.flow.options import Options
from local.flow.platform import Applied, apply
from local.flow.publishing import publish
from local.flow.readied import readied
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
    # Those that read and draw what came of it load numpy, pyarrow and the like; there is time for it while the engine works.
    Thread(target=import_module, args=("local.flow.loop",)).start()
    with PeakMemory(options.state).watched() as memory:
        cloud, applied = stand_up(options, progress)
        with progress.step("ingest") as step:
            arrival = arriving.ingest(cloud, applied.outputs, options, step)
        from local.flow.loop import Standing, follow

        return follow(Standing(cloud=cloud, applied=applied, options=options), arrival, progress, memory)


def stand_up(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform, publish what runs on it."""
    engine, cloud = _services(options, progress)
    with readied(cloud) as commands:
        applied = _platform(engine, cloud, options, progress)
        with progress.step("publish") as step:
            publish(cloud, applied.outputs, options.stack, step, commands)
    return cloud, applied


def stand_platform(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform."""
    engine, cloud = _services(options, progress)
    return cloud, _platform(engine, cloud, options, progress)


def _services(options: Options, progress: Progress) -> tuple[Engine, Cloud]:
    engine = ensure_engine(progress)
    BROKER.ensure(progress)
    with progress.step("services") as step:
        start(options.state, step)
    return engine, Cloud.open(options.state)


def _platform(engine: Engine, cloud: Cloud, options: Options, progress: Progress) -> Applied:
    with progress.step("platform") as step:
        return apply(engine, cloud, options.stack, step)
