"""`ImageBuilder`: whoever makes an image from an order, and what order and image say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from contracts.errors import FourPartError
from contracts.images import Label
from images.context import Context

ARGUMENTS: Mapping[str, str] = {
    Label.MODEL: "MLOPS_MODEL",
    Label.MODEL_VERSION: "MLOPS_MODEL_VERSION",
    Label.DATA_VERSION: "MLOPS_DATA_VERSION",
    Label.RUN: "MLOPS_RUN",
    Label.REVISION: "MLOPS_REVISION",
}
"""The build argument that brings each label's value into a Dockerfile."""


class BuildFailedError(FourPartError):
    """A build that ended without an image."""


class TagTakenError(FourPartError):
    """A tag that names an image of something else."""


class RegistryRefusedError(FourPartError):
    """The registry, or Resource Manager on its behalf, does not answer or refuses."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What to build, and the name it gets: `labels` say what is inside, and are told to the Dockerfile as arguments."""

    repository: str
    tag: str
    context: Context
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        """Repository and tag."""
        return f"{self.repository}:{self.tag}"

    @property
    def arguments(self) -> dict[str, str]:
        """Values of the Dockerfile's `ARG` instructions."""
        return {ARGUMENTS[label]: value for label, value in self.labels.items()}


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image in the registry.

    `reference` is `<login server>/<repository>@<digest>`; `run_id` the build that made it, "" when the registry has forgotten
    it; `built` is false when the image was there before.
    """

    reference: str
    digest: str
    tag: str
    run_id: str
    built: bool


class ImageBuilder(Protocol):
    """Makes images."""

    def build(self, order: Order) -> Image:
        """The image of an order; one that is there under the order's tag with the same labels is not built again.

        Raises:
            BuildFailedError: when the build ends without an image.
            TagTakenError: when the tag names an image with other labels.
            RegistryRefusedError: when the service does not answer or refuses.
        """
        ...
