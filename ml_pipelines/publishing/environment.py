"""The environment of the steps: a conda document whose pip part is the locked training group (docs/contracts.md, 8)."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from data_ops.release import requirements
from ml_pipelines.publishing.snapshot import digest

NAME = "training"
GROUP = "training"
PYTHON = "3.12"
IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04"
"""Base image of Azure ML (learn.microsoft.com, concept-prebuilt-docker-images-inference); it brings conda and no packages."""


@dataclass(frozen=True, kw_only=True)
class TrainingEnvironment:
    """Exact versions of what steps import."""

    pins: tuple[str, ...]

    @property
    def conda(self) -> dict[str, object]:
        """The conda document."""
        dependencies = [f"python={PYTHON}", "pip", {"pip": list(self.pins)}]
        return {"name": NAME, "channels": ["conda-forge"], "dependencies": dependencies}

    @property
    def version(self) -> str:
        """Hash over the document and the image."""
        return digest(yaml.safe_dump(self.conda, sort_keys=True).encode(), IMAGE.encode())


def training_environment() -> TrainingEnvironment:
    """The environment by the lock file of this work tree.

    Raises:
        ReleaseBuildError: when the lock file can't be exported.
        UvNotFoundError: when there is no uv.
    """
    lines = (line.strip() for line in requirements(GROUP).decode().splitlines())
    return TrainingEnvironment(pins=tuple(line for line in lines if line and not line.startswith("#")))
