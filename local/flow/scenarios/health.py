"""Whether a stack is healthy: all services answer, nothing is on its way or lost, production answers as what was released."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from local.flow.handler import state_of
from local.flow.release import in_production
from local.flow.scenarios.starts import SHORT
from local.lifecycle import healthy
from local.progress import Step
from local.services.chaos import Chaos, get_chaos
from local.services.cloud import Cloud
from local.services.containers.models import Pods
from local.services.machine_learning.runs import Runs

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point in time: the last event that Event Grid had taken, and how many effects the handler had given up."""

    event: int
    dead: int

    @classmethod
    def of(cls, cloud: Cloud) -> Mark:
        """Now."""
        row = cloud.store.row("select coalesce(max(seq), 0) n from events")
        return cls(event=int(row["n"]) if row else 0, dead=int(counts(cloud).get("dead", 0)))


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is wrong, if anything, and the state in one line."""

    faults: tuple[str, ...]
    told: str


def counts(cloud: Cloud) -> dict[str, Any]:
    """The handler's own counts; empty before its first heartbeat."""
    return dict(_heartbeat(cloud).get("counts", {}))


def examine(cloud: Cloud, since: Mark, step: Step) -> Health:
    """Wait until nothing is on its way, for `PATIENCE_SECONDS` at most, then ask production.

    Raises:
        ReleaseFailedError: when production does not answer as the image that was released.
    """
    quiet, ends = time.time(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if found := _faults(cloud, since):
            quiet = time.time()
        # The handler counts only in a heartbeat that is younger than the last unrest, or it may not know of it yet.
        found += _handler(cloud, since, quiet)
        if not found:
            break
        step.detail = f"waiting: {'; '.join(found)}"
        time.sleep(POLL_SECONDS)
    live = in_production(cloud, "", step)
    if not live.live:
        found.append("production serves nothing")
    pods, services = len(Pods(cloud.store).all()), len(healthy(cloud.state))
    told = f"{services} services and {pods} containers up, no delivery open or lost, production answers as {live.digest[:SHORT]}"
    step.detail = "; ".join(found) or told
    return Health(faults=tuple(found), told=told)


def _faults(cloud: Cloud, since: Mark) -> list[str]:
    down = [f"{name} is down" for name, up in healthy(cloud.state).items() if not up]
    pods = [f"{pod.name} is not ready" for pod in Pods(cloud.store).all() if not pod.ready]
    settled = replace(get_chaos(cloud.store), throttle=0.0) == Chaos()
    chaos = [] if settled else ["Event Grid is still unreliable"]
    return [*down, *pods, *chaos, *_deliveries(cloud, since), *_work(cloud)]


def _deliveries(cloud: Cloud, since: Mark) -> list[str]:
    queries = {
        "events not matched": "select count(*) n from events where matched is null and seq > ?",
        "deliveries open": "select count(*) n from deliveries where state in ('due', 'dead') and event > ?",
        "deliveries lost": "select count(*) n from deliveries where state in ('dead-lettered', 'dropped') and event > ?",
    }
    after = {name: since.event if name.endswith("lost") else 0 for name in queries}
    found = {name: cloud.store.row(query, after[name]) for name, query in queries.items()}
    return [f"{row['n']} {name}" for name, row in found.items() if row is not None and row["n"]]


def _handler(cloud: Cloud, since: Mark, quiet: float) -> list[str]:
    told = _heartbeat(cloud)
    if told.get("time", 0.0) < quiet:
        return ["no heartbeat of the handler yet"]
    counted = told["counts"]
    figures = {"lag": told["lag"] or 0, "ready": counted["ready"], "given up": counted["dead"] - since.dead}
    return [f"handler: {value} {name}" for name, value in figures.items() if value]


def _work(cloud: Cloud) -> list[str]:
    """Runs that have not ended, of all three kinds."""
    queries = {
        "Databricks": "select count(*) n from databricks_runs where ended is null",
        "release": "select count(*) n from devops_runs where status <> 'completed'",
    }
    found = {name: cloud.store.row(query) for name, query in queries.items()}
    open_runs = {name: row["n"] for name, row in found.items() if row is not None} | {"Azure ML": len(Runs(cloud.store).open())}
    return [f"{number} {name} runs go on" for name, number in open_runs.items() if number]


def _heartbeat(cloud: Cloud) -> dict[str, Any]:
    file = state_of(cloud) / "status.json"
    return json.loads(file.read_text()) if file.exists() else {}
