"""`crash`: SIGKILL hits the handler and three services in the middle of the loop, which must still close, and once."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil

from contracts.events import AzureEvent
from contracts.names import HANDLER
from local.flow.scenarios.deliveries import Deliveries
from local.flow.scenarios.health import Mark, counts, examine
from local.flow.scenarios.scenario import Played, Scenario, See, Stage
from local.flow.scenarios.starts import starts_of
from local.lifecycle import healthy
from local.progress import Progress
from local.services.cloud import Cloud
from local.services.containers.models import Pod, Pods

POD = f"{HANDLER}-0"
POLL_SECONDS = 0.05
BACK_SECONDS = 60.0
HANDED_OVER = (AzureEvent.IMAGE_PUSHED, "azureml.PipelineRun")
"""What the end of training leaves in Event Grid's outbox: the push of the image, or without one the end of the pipeline."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A point of the loop, in words, how it is known to have come, and the processes that are killed at it."""

    told: str
    come: Callable[[Cloud, Mark], bool]
    victims: tuple[str, ...]


def _training(cloud: Cloud, mark: Mark) -> bool:
    """Whether the step `train` of a run that this scenario caused is running."""
    query = "select 1 from ml_runs where name = 'train' and status = 'Running' and created > (select raised from events where seq = ?)"
    return cloud.store.row(query, mark.event) is not None


def _handed_over(cloud: Cloud, mark: Mark) -> bool:
    """Whether the end of training has raised its event."""
    pushed, ended = (f'%"{word}"%' for word in HANDED_OVER)
    query = "select 1 from events where seq > ? and (body like ? or (body like '%RunCompleted%' and body like ?))"
    return cloud.store.row(query, mark.event, pushed, ended) is not None


MOMENTS = (
    Moment(told="while the model was trained", come=_training, victims=(POD, "arm")),
    Moment(told="when training handed over to the release", come=_handed_over, victims=("eventgrid", "kafka")),
)
"""`arm` is the service that is Resource Manager and Azure ML; it watches the steps."""


@dataclass(frozen=True, kw_only=True)
class Killed:
    """One process that was killed, when in the loop, by which id, and the seconds until its successor answered; None: never."""

    process: str
    moment: str
    pid: int
    away: float | None


@dataclass
class Killer:
    """Waits for its moments in a thread of its own and kills; `killed` tells what it did."""

    cloud: Cloud
    mark: Mark
    progress: Progress
    killed: list[Killed] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def at_large(self) -> Iterator[None]:
        """Kill at the moments that come while the block runs."""
        thread = threading.Thread(target=self._run, name="killer", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        for moment in MOMENTS:
            while not moment.come(self.cloud, self.mark):
                if self._over.wait(POLL_SECONDS):
                    return
            pids = {name: pid for name in moment.victims if (pid := _pid(self.cloud, name))}
            for pid in pids.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.progress.note(f"SIGKILL {moment.told}: {', '.join(pids)}")
            self.killed += _awaited(self.cloud, moment, pids)


def play(stage: Stage) -> Played:
    """Let a period arrive, kill in the middle, and count."""
    cloud, mark, before = stage.cloud, Mark.of(stage.cloud), counts(stage.cloud).get("duplicates", 0)
    killer = Killer(cloud, mark, stage.progress)
    with killer.at_large():
        outcome = stage.follow(stage.arrive())
    with stage.progress.step("count") as step:
        examine(cloud, mark, step)
        starts, delivered = starts_of(cloud, outcome), Deliveries.since(cloud, mark)
        step.detail = starts.told
    killed = [name for moment in MOMENTS for name in moment.victims]
    back = [one.process for one in killer.killed if one.away is not None] == killed
    whole = back and starts.finished_once
    again = f"{delivered.again} by Event Grid, {counts(cloud)['duplicates'] - before} to the handler, which started nothing anew"
    return Played(
        held=whole and outcome.released.decision != "rejected",
        verdict="all came back, and the loop closed once" if whole else "not all came back, or the loop did not close once",
        rows=(
            *[("killed" if index == 0 else "", _told(one)) for index, one in enumerate(killer.killed)],
            ("delivered", f"{delivered.events} events, the slowest {delivered.late:.2f} s after it was raised"),
            ("redelivered", again),
            ("counted", f"{starts.told}; each in its target's own store"),
            ("stopped by", "durable outbox and inbox, offsets committed after them, tokens that targets know work by"),
        ),
        see=tuple(
            See(command=stage.command("make status"), shows=f"{_pid(cloud, name)}", what=f"the new {name}")
            for name in ("arm", "eventgrid", "kafka")
        ),
    )


def _awaited(cloud: Cloud, moment: Moment, pids: dict[str, int]) -> list[Killed]:
    """Wait until a successor of each answers."""
    began, away = time.monotonic(), dict[str, float]()
    while len(away) < len(pids) and time.monotonic() - began < BACK_SECONDS:
        up = healthy(cloud.state)
        for name, pid in pids.items():
            if name not in away and _answers(cloud, name, pid, up=up.get(name, False)):
                away[name] = time.monotonic() - began
        time.sleep(POLL_SECONDS)
    return [Killed(process=name, moment=moment.told, pid=pid, away=away.get(name)) for name, pid in pids.items()]


def _answers(cloud: Cloud, name: str, killed: int, *, up: bool) -> bool:
    """Whether another process than the one killed has taken its place and is ready."""
    pid = _pid(cloud, name)
    ready = _pod(cloud).ready if name == POD else up
    return ready and pid is not None and pid != killed


def _pid(cloud: Cloud, name: str) -> int | None:
    """The process id of a service or of the handler's pod, while it lives."""
    kept = json.loads((cloud.state / "processes.json").read_text())
    pid = _pod(cloud).pid if name == POD else kept[name]["pid"]
    return pid if pid and psutil.pid_exists(pid) else None


def _pod(cloud: Cloud) -> Pod:
    return next(pod for pod in Pods(cloud.store).all() if pod.name == POD)


def _told(one: Killed) -> str:
    away = "never came back" if one.away is None else f"away {one.away:.1f} s"
    return f"{one.process} (pid {one.pid}) {one.moment}: {away}"


CRASH = Scenario(
    name="crash",
    told=f"One more period arrives. While the model is trained, SIGKILL hits the event handler's pod ({POD}) and the service that\n"
    "is Azure ML (arm); when training hands over to the release, it hits Event Grid and the broker, at the moment when its\n"
    "event is raised. Supervisor and kubelet start them again; no event may be lost, and the loop must close once.",
    play=play,
)
