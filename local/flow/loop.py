"""The loop watched from an arrival to the live service: nothing here starts anything, it waits for what events bring about."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.events import DataVersion, OwnEvent
from local.flow.arriving import Arrival
from local.flow.closing import close
from local.flow.options import Options
from local.flow.oracle import oracle
from local.flow.outcome import Outcome
from local.flow.platform import Applied
from local.flow.release import wait_for_release
from local.flow.training import wait_for_training
from local.flow.watch import wait_for_silver
from local.memory import PeakMemory
from local.progress import Progress
from local.services.cloud import Cloud

REJECTED = 1


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A stack that is up, and what it was asked for."""

    cloud: Cloud
    applied: Applied
    options: Options


def follow(standing: Standing, arrival: Arrival, progress: Progress, memory: PeakMemory) -> int:
    """Watch an arrival to its end, write run.json and the report, print the closing block; 1 when the release was rejected.

    Raises:
        FourPartError: as `watch` does.
    """
    outcome = watch(standing, arrival, progress, memory)
    close(standing.cloud, outcome, progress)
    return REJECTED if outcome.released.decision == "rejected" else 0


def watch(standing: Standing, arrival: Arrival, progress: Progress, memory: PeakMemory) -> Outcome:
    """Watch an arrival until production answers with its model, or it is known that the old one stays.

    Raises:
        ArrivalFailedError: when the data was refused.
        TrainingFailedError: when training came to no decision.
        ReleaseFailedError: when a registered version neither went live nor was rejected.
    """
    cloud = standing.cloud
    with progress.step("silver") as step:
        registered = wait_for_silver(cloud, arrival.version, step)
        step.detail = f"{arrival.version} became {registered[OwnEvent.DATASET_REGISTERED].dataversion}"
    with progress.step("training") as step:
        trained = wait_for_training(cloud, DataVersion.parse(registered[OwnEvent.FEATURES_REGISTERED].dataversion), step)
        step.detail = f"{trained.decision['decision']}{trained.version_told}"
    with progress.step("release") as step:
        released = wait_for_release(cloud, trained, progress.began.timestamp(), step)
        step.detail = f"{released.decision} {released.digest[:19]} {released.reason}".strip()
    known = oracle(cloud, arrival, int(trained.decision["horizon"])) if trained.decision.get("metrics") else {}
    return Outcome(
        options=standing.options,
        applied=standing.applied,
        arrival=arrival,
        registered=registered,
        trained=trained,
        released=released,
        metrics={**trained.decision.get("metrics", {}), **({"conditional mean": known} if known else {})},
        peak_mebibytes=memory.mebibytes,
    )
