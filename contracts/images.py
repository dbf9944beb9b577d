"""What an image says of itself: the labels by which a release knows the model inside (docs/contracts.md, 6 and 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
"""A manifest's digest; images are named by it, never by a tag."""


class Label(StrEnum):
    """Labels of an image; `REVISION` is a key of the OCI image specification, the others are ours."""

    REVISION = "org.opencontainers.image.revision"
    MODEL = "mlops.model"
    MODEL_VERSION = "mlops.model-version"
    DATA_VERSION = "mlops.data-version"
    RUN = "mlops.run"


@dataclass(frozen=True, kw_only=True)
class Built:
    """What is in an image: model and version, the data version it learned from, the run that built it, the code's hash."""

    model: str
    model_version: str
    data_version: str
    run: str
    revision: str

    def labels(self) -> dict[str, str]:
        """The image's labels."""
        return {
            Label.MODEL: self.model,
            Label.MODEL_VERSION: self.model_version,
            Label.DATA_VERSION: self.data_version,
            Label.RUN: self.run,
            Label.REVISION: self.revision,
        }

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> Built:
        """Read the labels back.

        Raises:
            KeyError: when a label is missing.
        """
        return cls(
            model=labels[Label.MODEL],
            model_version=labels[Label.MODEL_VERSION],
            data_version=labels[Label.DATA_VERSION],
            run=labels[Label.RUN],
            revision=labels[Label.REVISION],
        )
