"""The end of `make up`: the record of events, run.json, the report, and the block on the screen."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.console import Console

from local.flow import run_file
from local.flow.options import DEFAULT_STACK
from local.flow.outcome import Outcome
from local.progress import Progress
from local.report import page
from local.report.gather import gather
from local.report.recorder import FILE as EVENTS, Recorded
from local.services.cloud import Cloud

SHORT_DIGEST = 19
CERTIFICATE = "production.pem"
"""Beside the report: what callers of production trust."""


def close(cloud: Cloud, outcome: Outcome, progress: Progress) -> None:
    """Record the bus, write run.json and the report, and print the block.

    Raises:
        BusUnreadError: when the bus cannot be read to its end.
        StepUnprovenError: when a step was done of which no event speaks.
    """
    with progress.step("report") as step:
        step.detail = "reading the bus"
        recorded = Recorded.of(cloud.state)
        recorded.write(cloud.state / EVENTS)
        told = run_file.write(cloud, outcome, recorded, progress)
        (cloud.state / CERTIFICATE).write_text(outcome.released.certificate)
        step.detail = "drawing"
        content = gather(cloud)
        file = page.write(content, cloud.state)
        step.detail = f"{len(recorded.records)} events, {file.stat().st_size / 1000:.0f} kB"
    show(rows(told, file, content.example))


def show(lines: list[tuple[str, str]]) -> None:
    """Print the block on standard output."""
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    for name, text in lines:
        console.print(f"{name:<13}", style="bold", end="")
        console.print(text, markup=False)


def rows(told: dict[str, Any], report: Path, example: tuple[str, str] | None) -> list[tuple[str, str]]:
    """Name and text of each line of the block, 14 at most, from the content of run.json.

    `example` is store and item of a series that has forecasts.
    """
    of = "" if told["stack"] == DEFAULT_STACK else f" STACK={told['stack']}"
    phases = "  ".join(f"{name} {value:.1f}" for name, value in told["seconds"].items())
    return [
        ("stack", f"{told['stack']}, {told['resources']} resources, {told['total_seconds']:.1f} s"),
        *_data_rows(told),
        *_decision_rows(told),
        *_release_rows(told, report, example),
        ("seconds", f"{phases}; {told['peak_mebibytes']:,} MiB at most"),
        ("report", shown(report)),
        ("next", f"make demo SCENARIO=new-data{of} | make status{of} | make down{of}"),
    ]


def _data_rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    data, steps = told["data"], {step["name"]: step for step in told["steps"]}
    extent = f"{_day(data['first'])} to {_day(data['last'])}, {data['frequency']}"
    bad = sum(data["quarantined"].values())
    return [
        ("data", f"{data['version']}: {data['rows']:,} rows in {data['series']:,} series, {extent}, {bad:,} quarantined"),
        ("silver", f"{data['silver']} and {data['features']}, {steps['features']['at']:.1f} s after the commit"),
        (
            "trained",
            f"run {told['training']['run']}: "
            + "  ".join(f"{step['name']} {step['seconds']:.1f}" for step in told["training"]["steps"]),
        ),
    ]


def _decision_rows(told: dict[str, Any]) -> list[tuple[str, str]]:
    model, reasons = told["model"], told["decision"]["reasons"]
    broken = [reason["text"] for reason in reasons if not reason["held"]]
    what = f"{model['name']} {model['version']}" if model["version"] else "no model"
    role = "registered" if model["registered"] else "stays"
    rung = f" ({model['rung']})" if model["registered"] and model["rung"] else ""
    held = f"{len(reasons) - len(broken)} of {len(reasons)} rules held"
    lines = [("decision", f"{told['decision']['decision']}: {what}{rung} {role}, {held}")]
    lines += [("because", "; ".join(broken))] if broken else []
    return lines + ([("WAPE", _errors(told))] if told["metrics"] else [])


def _errors(told: dict[str, Any]) -> str:
    """The error of the new model beside those it must be held against, over the same last periods."""
    names = {
        "challenger": "challenger",
        "incumbent": "incumbent",
        told["model"]["naive"]: "seasonal naive",
        "multiplicative_level": "level",
        "conditional mean": "conditional mean",
    }
    found = [(title, (told["metrics"].get(name) or {}).get("wape")) for name, title in names.items() if name]
    return " | ".join(f"{title} {value:.1%}" for title, value in found if value is not None)


def _release_rows(told: dict[str, Any], report: Path, example: tuple[str, str] | None) -> list[tuple[str, str]]:
    release = told["release"]
    digest = release["digest"][:SHORT_DIGEST]
    if release["url"]:
        passed = [f"{name} {sum(c['ok'] for c in release[key])}/{len(release[key])}" for key, name in STAGES if release[key]]
        state = "live" if release["decision"] != "rejected" else "still serving, the new image was rejected"
        text = f"{release['decision']}: {digest} {state} in slot {release['slot']}, {release['seconds']:.1f} s after its push"
        lines = [("release", ", ".join([text, *passed]))]
        return [*lines, ("try", _curl(release, report.with_name(CERTIFICATE), example))]
    reason = f": {release['reason']}" if release["reason"] else ""
    return [("release", f"{release['decision']}{reason}{f' ({digest})' if digest else ''}")]


STAGES = (("qa", "QA checks"), ("production", "production checks"))


def _curl(release: dict[str, Any], certificate: Path, example: tuple[str, str] | None) -> str:
    """A call by production's name, which no DNS leads here, trusting its certificate, which no authority signed."""
    path = "/version" if example is None else f"/forecast/{quote(example[0], safe='')}/{quote(example[1], safe='')}"
    address, _, port = release["url"].removeprefix("https://").rpartition(":")
    place = f"{release['hostname']}:{port}"
    trust = ["--cacert", shown(certificate)] if release["certificate"] else []
    return shlex.join(["curl", *trust, "--resolve", f"{place}:{address}", f"https://{place}{path}"])


def shown(file: Path) -> str:
    """Relative to where the person stands, when it is below."""
    here = Path.cwd()
    return os.path.relpath(file, here) if file.is_relative_to(here) else str(file)


def _day(time: str) -> str:
    """Leave the time of day out where it is midnight, as it is for daily and slower data."""
    day, _, rest = time.partition("T")
    return day if rest.startswith("00:00:00") else time
