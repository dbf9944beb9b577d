"""The scoring service's image: its sources and locked packages, the registered model's files, and what they are."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.images import Built
from contracts.names import SCORING
from images.builder import Order
from images.context import DOCKERFILE, REQUIREMENTS, Context, folder, read, sources

GROUP = "scoring"
"""Dependency group of the image."""
MODEL, MODEL_FACTS = "model", "model.json"
"""Where the service finds the model's files, and what they are, in its working directory."""
DOCKERFILE_SOURCE, REQUIREMENTS_SOURCE = "scoring/Dockerfile", "scoring/requirements.txt"
"""Where both stand among the sources; the second is exported from the lock file when the training pipeline is published."""
SOURCES = (
    "contracts",
    "data_ops/__init__.py",
    "data_ops/holidays.py",
    "ml_pipelines/__init__.py",
    "ml_pipelines/forecast_files.py",
    "ml_pipelines/forecasting",
    "ml_pipelines/gate",
    "scoring",
)
"""What the service imports of the product; training steps and their clients stay out."""


def order(root: Path, artefact: Path, built: Built, tag: str) -> Order:
    """The order of an image: sources below `root`, the registered model's files in `artefact`, and what they are.

    Raises:
        ContextIncompleteError: when a file of it is missing.
    """
    files = {
        DOCKERFILE: read(root / DOCKERFILE_SOURCE),
        REQUIREMENTS: read(root / REQUIREMENTS_SOURCE),
        **sources(root, SOURCES),
        **folder(artefact, MODEL),
        MODEL_FACTS: _facts(built),
    }
    return Order(repository=SCORING, tag=tag, context=Context(files=files), labels=built.labels())


def _facts(built: Built) -> bytes:
    told = {
        "model": built.model,
        "version": built.model_version,
        "data_version": built.data_version,
        "run": built.run,
        "revision": built.revision,
    }
    return (json.dumps(told, sort_keys=True, indent=2) + "\n").encode()
