"""`run.json`: what `make up` came to, for machines; its form is `run.schema.json` beside this file."""

from __future__ import annotations

import json
from typing import Any

from contracts.events import Event, OwnEvent
from local.flow.closing import Outcome
from local.progress import Progress
from local.services.cloud import Cloud


def write(cloud: Cloud, outcome: Outcome, progress: Progress) -> None:
    """Replace `run.json` of the stack's state directory in one step."""
    draft = cloud.state / "run.json.draft"
    draft.write_text(json.dumps(content(outcome, progress), indent=2, sort_keys=True) + "\n")
    draft.replace(cloud.state / "run.json")


def content(outcome: Outcome, progress: Progress) -> dict[str, Any]:
    """Return the content of `run.json`; every step names the event that proves it."""
    dataset, features = (outcome.registered[kind] for kind in (OwnEvent.DATASET_REGISTERED, OwnEvent.FEATURES_REGISTERED))
    facts, decision = dataset.data, outcome.trained.decision
    return {
        "stack": outcome.options.stack,
        "resources": outcome.applied.resources,
        "data": {
            "version": str(outcome.arrival.version),
            "rows": facts["rows_out"],
            "series": facts["series"],
            "first": facts["first"],
            "last": facts["last"],
            "frequency": facts["frequency"],
            "quarantined": facts["quarantined"],
        },
        "steps": [_step("dataset", dataset), _step("features", features), _step("training", outcome.trained.event)],
        "training": {
            "run": outcome.trained.run.run_id,
            "steps": [
                {"name": step.name, "status": str(step.status), "seconds": round((step.ended or 0) - (step.started or 0), 3)}
                for step in outcome.trained.steps
            ],
        },
        "decision": {"decision": decision["decision"], "reasons": decision["reasons"]},
        "metrics": outcome.metrics,
        "seconds": progress.seconds,
        "peak_mebibytes": outcome.peak_mebibytes,
    }


def _step(name: str, event: Event) -> dict[str, str]:
    return {"name": name, "subject": event.dataversion or event.subject, "event": event.id, "time": event.time}
