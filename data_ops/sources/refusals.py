"""Why a path holds no sales that can be read."""

from __future__ import annotations

from pathlib import Path

from contracts.errors import FourPartError


class FileRefusedError(FourPartError):
    """A file or folder that holds no sales we can read."""


def unreadable(path: Path, error: Exception | str, remedy: str = "") -> FileRefusedError:
    """What could not be read, and why; `remedy` where more is known than the usual."""
    return FileRefusedError(
        "The file can't be read.",
        given=f"{path}: {' '.join(str(error).split())[:300]}",
        allowed="a CSV file with a header (UTF-8; gzip too), a Parquet file, or a folder of them",
        remedy=remedy or "Check the path, the permissions, and that the export was complete.",
    )
