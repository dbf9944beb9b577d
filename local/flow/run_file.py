"""`run.json`: what `make up` came to, for machines; its form is `run.schema.json` beside this file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from contracts.events import OwnEvent
from local.flow.outcome import Outcome
from local.flow.proof import prove
from local.flow.released import Released
from local.progress import Progress
from local.report.recorder import Recorded
from local.services.cloud import Cloud
from local.services.machine_learning.runs import Run

FILE = "run.json"


def write(cloud: Cloud, outcome: Outcome, recorded: Recorded, progress: Progress) -> dict[str, Any]:
    """Replace `run.json` of the stack's state directory in one step, and return its content.

    Raises:
        StepUnprovenError: when a step that was done has no event among those recorded.
    """
    told, draft = content(outcome, recorded, progress), cloud.state / f"{FILE}.draft"
    draft.write_text(json.dumps(told, indent=2, sort_keys=True, allow_nan=False) + "\n")
    draft.replace(cloud.state / FILE)
    return told


def content(outcome: Outcome, recorded: Recorded, progress: Progress) -> dict[str, Any]:
    """Return the content of `run.json`; every step names the event that proves it.

    Raises:
        StepUnprovenError: when a step that was done has no event among those recorded.
    """
    return {
        "stack": outcome.options.stack,
        "command": outcome.command,
        "began": progress.began.isoformat(timespec="seconds"),
        "seconds": dict(progress.seconds),
        "total_seconds": progress.total,
        "resources": outcome.applied.resources,
        "peak_mebibytes": outcome.peak_mebibytes,
        "data": _data(outcome),
        "steps": [asdict(step) for step in prove(outcome, recorded, progress.seconds.get("ingest", 0.0))],
        "training": {
            "run": outcome.trained.run.run_id,
            "steps": [
                {"name": step.name, "status": str(step.status), "seconds": _seconds(step)} for step in outcome.trained.steps
            ],
        },
        "model": _model(outcome),
        "decision": {name: outcome.trained.decision[name] for name in ("decision", "reasons")},
        "metrics": {name: _finite(figures) for name, figures in outcome.metrics.items()},
        "release": _release(outcome.released),
    }


def _seconds(step: Run) -> float:
    """How long a step worked; one whose outputs were reused never began."""
    return round(step.ended - step.started, 3) if step.started and step.ended else 0.0


def _data(outcome: Outcome) -> dict[str, Any]:
    dataset, features = (outcome.registered[kind] for kind in (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED))
    facts = dataset.data
    return {
        "file": outcome.arrival.file.name,
        "version": str(outcome.arrival.version),
        "silver": dataset.dataversion,
        "features": features.dataversion,
        "rows": facts["rows_out"],
        "quarantined": facts["quarantined"],
        **{name: facts[name] for name in ("series", "first", "last", "frequency", "content_hash")},
    }


def _model(outcome: Outcome) -> dict[str, Any]:
    """The version that was registered, or the one that stays."""
    decision = outcome.trained.decision
    standing = decision.get("incumbent") or {}
    version = outcome.model_version or standing.get("version")
    return {
        "name": decision["model_name"],
        "version": str(version) if version else None,
        "registered": bool(outcome.model_version),
        "rung": decision.get("rung"),
        "naive": decision.get("naive"),
    }


def _finite(figures: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: value if value is not None and math.isfinite(value) else None for name, value in figures.items()}


def _release(released: Released) -> dict[str, Any]:
    told = asdict(released)
    return {**told, "qa": list(told["qa"]), "production": list(told["production"])}
