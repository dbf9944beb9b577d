"""The code that steps run or put into the service's image: Python sources of five packages and two files, known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_ops.release import requirements
from images.scoring_image import DOCKERFILE_SOURCE, GROUP, REQUIREMENTS_SOURCE

ROOT = Path(__file__).parents[2]
PACKAGES = ("contracts", "data_ops", "images", "ml_pipelines", "scoring")
NOT_RUN = (
    "ml_pipelines/publishing/",
    "ml_pipelines/graph.py",
    "ml_pipelines/__main__.py",
    "images/__main__.py",
    "images/handler_image.py",
)
"""What publishes, from the outside; left out, so that a change of it is no change of the steps."""
DIGITS = 12


def digest(*parts: bytes) -> str:
    """The first 12 hexadecimal digits of the SHA-256 over the parts, each told from the next."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:DIGITS]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Contents by path relative to the steps' working directory."""

    files: Mapping[str, bytes]

    @property
    def version(self) -> str:
        """Hash over paths and contents."""
        return digest(*(part for path in sorted(self.files) for part in (path.encode(), self.files[path])))

    def write(self, folder: Path) -> Path:
        """Lay the files out below a folder, which is what the client uploads."""
        for path, content in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return folder


def snapshot(root: Path = ROOT) -> Snapshot:
    """The sources below a work tree, with the image's Dockerfile and the locked requirements of its packages.

    Raises:
        ReleaseBuildError: when the lock file can't be exported.
        UvNotFoundError: when there is no uv.
    """
    found = (path for package in PACKAGES for path in sorted((root / package).rglob("*.py")))
    named = {path.relative_to(root).as_posix(): path for path in found}
    run = {name: path.read_bytes() for name, path in named.items() if not name.startswith(NOT_RUN)}
    image = {DOCKERFILE_SOURCE: (root / DOCKERFILE_SOURCE).read_bytes(), REQUIREMENTS_SOURCE: requirements(GROUP)}
    return Snapshot(files=run | image)
