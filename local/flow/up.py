"""`make up`: from nothing to a judged model; each phase can be repeated, and the last two only watch."""

from __future__ import annotations

from contracts.events import DataVersion, OwnEvent
from local.doctor import examine, require
from local.engine.build import ensure_engine
from local.flow import arriving, closing, run_file
from local.flow.handler import want_handler
from local.flow.options import Options
from local.flow.oracle import oracle
from local.flow.platform import Applied, apply
from local.flow.publishing import publish
from local.flow.training import wait_for_training
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
        with progress.step("training") as step:
            trained = wait_for_training(cloud, DataVersion.parse(registered[OwnEvent.FEATURES_REGISTERED].dataversion), step)
            step.detail = f"{trained.decision['decision']}{trained.version_told}"
    known = oracle(cloud, arrival, int(trained.decision["horizon"])) if trained.decision.get("metrics") else {}
    outcome = closing.Outcome(
        options=options,
        applied=applied,
        arrival=arrival,
        registered=registered,
        trained=trained,
        metrics={**trained.decision.get("metrics", {}), **({"conditional mean": known} if known else {})},
        peak_mebibytes=memory.mebibytes,
    )
    run_file.write(cloud, outcome, progress)
    closing.show(outcome, progress)
    return 0


def stand_up(options: Options, progress: Progress) -> tuple[Cloud, Applied]:
    """Build what is missing, start the services, apply the platform, publish jobs and pipeline, ask for the handler."""
    cloud, applied = stand_platform(options, progress)
    with progress.step("publish") as step:
        publish(cloud, applied.outputs, step)
        want_handler(cloud, applied.outputs)
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
