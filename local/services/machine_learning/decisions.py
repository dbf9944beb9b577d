"""The decision of a training run: the artifact `decision.json` of its root run."""

from __future__ import annotations

import json
from typing import Any

from contracts.errors import FourPartError
from local.services.cloud import Cloud
from local.services.machine_learning.mlflow.artifacts import artifact

FILE = "decision.json"


class DecisionMissingError(FourPartError):
    """A completed training run without a decision."""


def find_decision(cloud: Cloud, run_id: str) -> dict[str, Any] | None:
    """The content of `decision.json`, or None."""
    file = artifact(cloud, run_id, FILE)
    return json.loads(file.read_text()) if file.is_file() else None


def decision_of(cloud: Cloud, run_id: str) -> dict[str, Any]:
    """The content of `decision.json`.

    Raises:
        DecisionMissingError: when the run has none.
    """
    found = find_decision(cloud, run_id)
    if found is None:
        raise DecisionMissingError(
            "A training run completed without saying what it decided.",
            given=run_id,
            allowed=f"a root run with the artifact {FILE}",
            remedy="`make publish` publishes the pipeline of this work tree, whose step `compare` writes it.",
        )
    return found
