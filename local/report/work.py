"""The work that services did between the events: tasks of Databricks, steps of Azure ML, steps of the release."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.report.content import Span
from local.report.recorder import Recorded
from local.report.timeline import DATABRICKS, LEARNING, MARGIN_SECONDS, MOST, RELEASE, window
from local.services.cloud import Cloud
from local.services.databricks.models import DDL as DATABRICKS_TABLES
from local.services.devops import models as devops
from local.services.devops.agent import folder_of
from local.services.machine_learning.runs import Runs

JOURNAL = re.compile(r"step (?P<name>\S+) (?P<state>done|failed) (?P<seconds>[\d.]+)")
"""A line of the release's journal."""


def spans(cloud: Cloud, recorded: Recorded, run: Mapping[str, Any]) -> tuple[Span, ...]:
    """The work of the run that run.json tells of, in seconds after the commit."""
    zero, until = window(recorded, run)
    found = (*_tasks(cloud, zero / 1000), *_steps(cloud, zero / 1000), *_release(cloud, zero / 1000, run))
    within = (span for span in found if -MARGIN_SECONDS <= span.start <= until + MARGIN_SECONDS)
    return tuple(sorted(within, key=lambda span: (span.start, span.name)))[:MOST]


def _tasks(cloud: Cloud, zero: float) -> Iterator[Span]:
    """Tasks of all jobs; the first of each run is what the cause led to."""
    cloud.store.declare(DATABRICKS_TABLES)
    rows = cloud.store.rows(
        "select t.job_run_id, t.task_key, t.started, t.ended, t.result, r.parameters from databricks_tasks t"
        " join databricks_runs r on r.run_id = t.job_run_id where t.started is not null and t.ended is not null"
        " order by t.started"
    )
    seen: set[int] = set()
    for row in rows:
        cause = "" if row["job_run_id"] in seen else str(json.loads(row["parameters"]).get("causation", ""))
        seen.add(row["job_run_id"])
        start, end = row["started"] / 1000 - zero, row["ended"] / 1000 - zero
        yield Span(lane=DATABRICKS, name=row["task_key"], start=start, end=end, state=str(row["result"]).lower(), cause=cause)


def _steps(cloud: Cloud, zero: float) -> Iterator[Span]:
    """Steps of all pipelines; the first of each is what the cause led to."""
    runs = Runs(cloud.store)
    for root in runs.roots():
        cause = runs.texts(root.run_id, "tag").get("causationid", "")
        for step in runs.children(root.run_id):
            if step.started is None or step.ended is None:
                continue
            start, end = step.started - zero, step.ended - zero
            yield Span(lane=LEARNING, name=step.name, start=start, end=end, state=str(step.status).lower(), cause=cause)
            cause = ""


def _release(cloud: Cloud, zero: float, run: Mapping[str, Any]) -> Iterator[Span]:
    """Steps of the newest ended release of the image, as its journal tells them."""
    digest, pushed = run["release"]["digest"], next(step for step in run["steps"] if step["name"] == "image")
    ended = (one for one in devops.Runs(cloud.store).listed() if one.parameters.get("digest") == digest and one.finished)
    found = next(ended, None)
    if not digest or found is None or found.started is None or found.finished is None:
        return
    log = folder_of(cloud, found.id) / "log.txt"
    steps = journal(log) if log.exists() else []
    # The journal has durations alone; what it does not tell, the start of the engine's process, comes before the first step.
    at = max(found.started, found.finished - sum(seconds for _, _, seconds in steps)) - zero
    cause = str(pushed["event"] or "")
    for name, state, seconds in steps or [("release", str(found.result), found.finished - found.started)]:
        yield Span(lane=RELEASE, name=name, start=at, end=at + seconds, state=state, cause=cause)
        at, cause = at + seconds, ""


def journal(log: Path) -> list[tuple[str, str, float]]:
    """Name, state and seconds of each step that a release's log tells of."""
    lines = (JOURNAL.search(line) for line in log.read_text(errors="replace").splitlines())
    return [(line["name"], line["state"], float(line["seconds"])) for line in lines if line]
