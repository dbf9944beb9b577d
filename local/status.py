"""What runs and what failed, read where Azure would show it: metrics of Event Grid, the handler's status, runs of both kinds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from local.disk import MIB, usage
from local.flow.handler import state_of
from local.lifecycle import healthy
from local.services.cloud import Cloud
from local.services.containers.models import Pod, Pods
from local.services.devops.models import Run as ReleaseRun, Runs as Releases
from local.services.eventgrid import models as eventgrid
from local.services.machine_learning.decisions import find_decision
from local.services.machine_learning.runs import Run, Runs, Status

SUBSCRIPTIONS = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
RECENT_RUNS = 5
LARGEST = 6
"""Parts of the state directory that are named."""
SHORT_DIGEST = 19
WIDTH = 200
"""Of lines that no terminal limits: logs, pipes."""
ENDED_BADLY = {"FAILED", "SUCCESS_WITH_FAILURES", "TIMEDOUT", "CANCELED", "INTERNAL_ERROR"}
"""A run whose failure task reported ends as `SUCCESS_WITH_FAILURES`, since its last task succeeded."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """Processes, resources, subscriptions that saw events, the handler's own figures, recent runs, containers, bytes on the disk."""

    processes: dict[str, dict[str, Any]]
    resources: int
    subscriptions: list[dict[str, Any]]
    handler: dict[str, Any]
    runs: list[dict[str, Any]]
    trainings: list[dict[str, Any]]
    pods: list[dict[str, Any]]
    releases: list[dict[str, Any]]
    disk: dict[str, int]


def report(cloud: Cloud) -> Report:
    """Collect the report of a running stack."""
    resources = cloud.resources.all()
    return Report(
        processes=_processes(cloud),
        resources=len(resources),
        subscriptions=[_subscription(cloud, item.id) for item in resources if item.type == SUBSCRIPTIONS],
        handler=_handler(cloud),
        runs=_runs(cloud),
        trainings=_trainings(cloud),
        pods=[_pod(pod) for pod in Pods(cloud.store).all()],
        releases=[_release(cloud, run) for run in Releases(cloud.store).listed(most=RECENT_RUNS)],
        disk=usage(cloud.state),
    )


def show(found: Report) -> int:
    """Print the report; 1 when a process is down or the latest run failed."""
    console = Console(highlight=False, soft_wrap=True)
    console = console if console.is_terminal else Console(highlight=False, soft_wrap=True, width=WIDTH)
    _print(
        console,
        "process",
        ("", "pid", "restarts"),
        [(n, r["state"], r["pid"], r["restarts"]) for n, r in found.processes.items()],
    )
    seen = [s for s in found.subscriptions if s["matched"]]
    columns = ("matched", "delivered", "failed", "dead-lettered", "last error")
    rows = [(s["name"], s["matched"], s["delivered"], s["failed"], s["dead_lettered"], s["last_error"]) for s in seen]
    _print(console, "subscription", columns, rows)
    console.print(f"{len(found.subscriptions) - len(seen)} more subscriptions without an event\n")
    _print(console, "handler", ("",), _handler_rows(found.handler))
    rows = [(r["job"], r["run_id"], r["state"], r["parameters"], r["message"]) for r in found.runs]
    _print(console, "Databricks job", ("run", "state", "parameters", "message"), rows)
    rows = [tuple(run[name] for name in ("run_id", "data", "attempt", "state", "decision")) for run in found.trainings]
    _print(console, "training", ("data", "attempt", "state", "decision"), rows)
    for line in _why(found.trainings):
        console.print(line)
    columns = ("image", "ready", "restarts", "address", "state")
    rows = [tuple(pod[name] for name in ("name", *columns)) for pod in found.pods]
    _print(console, "container", columns, rows)
    columns = ("digest", "state", "result", "reason")
    rows = [tuple(run[name] for name in ("run", *columns)) for run in found.releases]
    _print(console, "release", columns, rows)
    largest = ", ".join(f"{name} {size // MIB}" for name, size in list(found.disk.items())[:LARGEST])
    console.print(f"{found.resources} resources; {sum(found.disk.values()) // MIB} MiB on the disk: {largest}")
    down = any(row["state"] == "down" for row in found.processes.values())
    latest = [runs[0]["state"] for runs in (found.runs, found.trainings) if runs]
    return 1 if down or ENDED_BADLY.intersection(state.upper() for state in latest) else 0


def _why(trainings: list[dict[str, Any]]) -> list[str]:
    """The reasons of the newest decision, and the steps that failed in the newest run."""
    decided = next((run for run in trainings if run["reasons"]), None)
    reasons = [f"  {'+' if reason['held'] else '-'} {reason['text']}" for reason in decided["reasons"]] if decided else []
    failed = [f"  {step['name']} failed: {step['error']}" for run in trainings[:1] for step in run["failed_steps"]]
    return [*([f"{decided['decision']} ({decided['data']})", *reasons] if decided else []), *failed]


def _handler_rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    """State and figures in one line, then each thing that needs a look."""
    if not told:
        return [("state", "has not said anything yet")]
    counts = told["counts"]
    figures = ", ".join(
        f"{counts[name]} {name}" for name in ("done", "ignored", "ready", "duplicates", "unrouted", "failed", "dead")
    )
    troubles = [*counts["retrying"], *counts["ended_badly"], *told["missing_hubs"], *filter(None, [told["bus_error"]])]
    return [
        ("state", f"{told['state']}, lag {told['lag']}"),
        ("events", figures),
        *(("trouble", str(trouble)) for trouble in troubles),
    ]


def _print(console: Console, title: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(title, *columns, box=None, pad_edge=False, padding=(0, 3, 0, 0))
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    if rows:
        console.print(table)
        console.print()


def _processes(cloud: Cloud) -> dict[str, dict[str, Any]]:
    kept = json.loads((cloud.state / "processes.json").read_text())
    answers = healthy(cloud.state)
    return {name: _process(kept.get(name, {}), up=up) for name, up in answers.items()}


def _process(kept: dict[str, Any], *, up: bool) -> dict[str, Any]:
    return {"state": "up" if up else "down", "pid": kept.get("pid"), "restarts": kept.get("restarts", 0)}


def _subscription(cloud: Cloud, arm_id: str) -> dict[str, Any]:
    counts = eventgrid.metrics(cloud.store, arm_id)
    return {
        "name": arm_id.rpartition("/")[2],
        "matched": counts.matched,
        "delivered": counts.delivered,
        "failed": counts.failed,
        "dead_lettered": counts.dead_lettered,
        "last_error": counts.last_error,
    }


def _handler(cloud: Cloud) -> dict[str, Any]:
    file = state_of(cloud) / "status.json"
    return json.loads(file.read_text()) if file.exists() else {}


def _trainings(cloud: Cloud) -> list[dict[str, Any]]:
    """Pipeline runs of Azure ML, the newest first, with what they decided."""
    runs = Runs(cloud.store)
    return [_training(cloud, runs, run) for run in runs.roots()[:RECENT_RUNS]]


def _training(cloud: Cloud, runs: Runs, run: Run) -> dict[str, Any]:
    tags, decision = runs.texts(run.run_id, "tag"), find_decision(cloud, run.run_id) or {}
    failed = [child for child in runs.children(run.run_id) if child.status is Status.FAILED]
    return {
        "run_id": run.run_id,
        "data": tags.get("effect_key", ""),
        "attempt": tags.get("attempt", ""),
        "state": str(run.status),
        "decision": decision.get("decision", ""),
        "reasons": decision.get("reasons", []),
        "failed_steps": [{"name": child.name, "error": child.error.strip().rpartition("\n")[2]} for child in failed],
    }


def _pod(pod: Pod) -> dict[str, Any]:
    """A pod or container group; the image in a form that fits a line."""
    repository, _, digest = pod.image.rpartition("/")[2].partition("@")
    image = f"{repository}@{digest[:SHORT_DIGEST]}"
    told = {name: getattr(pod, name) for name in ("name", "restarts", "address", "message")}
    return {**told, "image": image, "ready": "yes" if pod.ready else "no", "state": pod.reason}


def _release(cloud: Cloud, run: ReleaseRun) -> dict[str, Any]:
    """A run of the release pipeline, with what its result says."""
    file = cloud.state / "devops" / str(run.id) / "result.json"
    told = json.loads(file.read_text()) if file.exists() else {}
    reason = str(told.get("reason") or run.issue)
    state = str(run.result or run.status)
    digest = run.parameters.get("digest", "")[:SHORT_DIGEST]
    return {"run": run.id, "digest": digest, "state": state, "result": told.get("decision", ""), "reason": reason}


def _runs(cloud: Cloud) -> list[dict[str, Any]]:
    rows = cloud.store.rows("select * from databricks_runs order by run_id desc limit ?", RECENT_RUNS)
    return [
        {
            "job": json.loads(row["settings"])["name"],
            "run_id": row["run_id"],
            "state": row["result"] or row["life"],
            "parameters": " ".join(f"{name}={value}" for name, value in json.loads(row["parameters"]).items() if value),
            "message": row["message"],
        }
        for row in rows
    ]
