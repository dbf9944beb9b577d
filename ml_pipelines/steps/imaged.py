"""The image of a registered version: the scoring service with the model's files, built by the stack's registry."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from contracts.images import Built
from ml_pipelines.login import compute_credential
from ml_pipelines.steps import trained
from ml_pipelines.steps.prepared import Prepared

SOURCES = Path(__file__).parents[2]
"""The code snapshot that this step runs in; it holds the service's sources too."""


def build(registry_id: str, built: Built, tag: str, artefact: Path) -> dict[str, Any]:
    """Build the image, unless the registry holds it, and tell it to the run: `reference`, `digest` and the build's `run_id`.

    Raises:
        ContextIncompleteError: when a file of the image is missing.
        BuildFailedError, TagTakenError, RegistryRefusedError, CloudUnknownError: when there is no image.
    """
    from images import scoring_image
    from images.acr_tasks import AcrTasks
    from images.cloud import manager

    order = scoring_image.order(SOURCES, artefact, built, tag)
    address = manager(os.environ)
    with compute_credential() as credential, closing(AcrTasks(registry_id, credential, address)) as builder:
        made = builder.build(order)
    _tell(built.run, {"image.digest": made.digest, "image.reference": made.reference})
    return {"reference": made.reference, "digest": made.digest, "run_id": made.run_id}


def content(folder: Path, prepared: Prepared, registered: dict[str, Any]) -> Built:
    """What the image holds: `folder` is the step's `model`, `registered` what the step of that name told."""
    return Built(
        model=registered["model"],
        model_version=registered["version"],
        data_version=str(prepared.facts.version),
        run=registered["run_id"],
        revision=trained.facts(folder).code,
    )


def _tell(run_id: str, tags: dict[str, str]) -> None:
    from mlflow import MlflowClient

    client = MlflowClient()
    for name, text in tags.items():
        client.set_tag(run_id, name, text)
