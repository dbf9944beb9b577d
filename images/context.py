"""The files that an image is built from: by path, packed the same way each time, known by their hash."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError

DOCKERFILE, REQUIREMENTS = "Dockerfile", "requirements.txt"
"""Where both stand in every context."""

_MODE = 0o644


class ContextIncompleteError(FourPartError):
    """A file that belongs into an image is not there."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Contents by path relative to the context's root, with `/` between names."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 over paths and contents, 64 hexadecimal digits; how the files are packed does not count."""
        total = hashlib.sha256()
        for path in sorted(self.files):
            for part in (path.encode(), self.files[path]):
                total.update(hashlib.sha256(part).digest())
        return total.hexdigest()

    def archive(self) -> bytes:
        """The files as a gzipped tar; no clock, user or order of a file system is in it."""
        out = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            for path in sorted(self.files):
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(self.files[path]), _MODE
                archive.addfile(entry, io.BytesIO(self.files[path]))
        return out.getvalue()


def read(file: Path) -> bytes:
    """The content of one file.

    Raises:
        ContextIncompleteError: when it is not there.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise _incomplete(f"{file}: {error.strerror}") from error


def sources(root: Path, places: Iterable[str]) -> dict[str, bytes]:
    """Python sources below `root` by path: `places` are packages, taken whole, or single modules.

    Raises:
        ContextIncompleteError: when a place holds no source.
    """
    found: dict[str, bytes] = {}
    for place in places:
        at = root / place
        modules = sorted(at.rglob("*.py")) if at.is_dir() else [at]
        if not modules:
            raise _incomplete(f"{at}: no Python source")
        found |= {module.relative_to(root).as_posix(): read(module) for module in modules}
    return found


def folder(root: Path, name: str) -> dict[str, bytes]:
    """All files below `root`, by path below the folder `name` of the context.

    Raises:
        ContextIncompleteError: when there is none.
    """
    files = sorted(file for file in root.rglob("*") if file.is_file())
    if not files:
        raise _incomplete(f"{root}: no file")
    return {f"{name}/{file.relative_to(root).as_posix()}": read(file) for file in files}


def _incomplete(given: str) -> ContextIncompleteError:
    return ContextIncompleteError(
        "A file that belongs into the image is missing.",
        given=given,
        allowed="all sources, the Dockerfile, the exported requirements and the model's files",
        remedy="Build from a whole clone; for the training step, publish the pipeline again.",
    )
