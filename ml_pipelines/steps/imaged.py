"""The image of a registered version: the scoring service with the model's files, built by the stack's registry."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import Any

from contracts.events import DataVersion
from contracts.images import Built
from ml_pipelines.login import compute_credential
from ml_pipelines.registry import Version, root_run
from ml_pipelines.steps import trained

DIGEST = "image.digest"
"""Tag of the run that holds a version's files: its image."""
SOURCES = Path(__file__).parents[2]
"""The code snapshot that this step runs in; it holds the service's sources too."""


def build(registry_id: str, version: Version, data_version: DataVersion, artefact: Path) -> dict[str, Any]:
    """Build a version's image, unless the registry holds it: `reference`, `digest` and the build's `run_id`.

    The run that holds the version's files is told of it, and the run that this step belongs to.

    Raises:
        ContextIncompleteError: when a file of the image is missing.
        BuildFailedError, TagTakenError, RegistryRefusedError, CloudUnknownError: when there is no image.
    """
    from images import scoring_image
    from images.acr_tasks import AcrTasks
    from images.cloud import manager

    built = Built(
        model=version.model,
        model_version=version.number,
        data_version=str(data_version),
        run=version.run_id,
        revision=trained.code(),
    )
    order = scoring_image.order(SOURCES, artefact, built, f"{version.number}-{data_version.version}")
    address = manager(os.environ)
    with compute_credential() as credential, closing(AcrTasks(registry_id, credential, address)) as builder:
        made = builder.build(order)
    for run_id in {version.run_id, root_run()}:
        _tell(run_id, {DIGEST: made.digest, "image.reference": made.reference})
    return {"reference": made.reference, "digest": made.digest, "run_id": made.run_id}


def _tell(run_id: str, tags: dict[str, str]) -> None:
    from mlflow import MlflowClient

    client = MlflowClient()
    for name, text in tags.items():
        client.set_tag(run_id, name, text)
