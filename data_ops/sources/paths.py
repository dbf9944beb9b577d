"""Which files a path stands for: itself, or those of a folder in the order of their names."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from data_ops.sources.refusals import FileRefusedError, unreadable

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
HIDDEN = (".", "_")
"""First characters of names that are left out of a folder, as Spark and Arrow leave them out (`_SUCCESS`, `.DS_Store`)."""


def arriving_files(path: Path) -> tuple[Path, ...]:
    """The regular files of an arrival; nothing is opened, so that a pipe can't block.

    Raises:
        FileRefusedError: for a missing path, a loop of links, a pipe, socket or device, an empty folder, or a folder
            with anything but files.
    """
    if _kind(path) == stat.S_IFREG:
        return (path,)
    if _kind(path) != stat.S_IFDIR:
        raise _irregular(path)
    found = tuple(path / name for name in sorted(_names(path)) if not name.startswith(HIDDEN))
    for file in found:
        if _kind(file) != stat.S_IFREG:
            raise _irregular(file)
    if found:
        return found
    raise unreadable(path, "the folder holds no files", "Name a folder with CSV or Parquet files, or one file.")


def _kind(path: Path) -> int:
    try:
        return stat.S_IFMT(os.stat(path).st_mode)  # noqa: PTH116 - Path.stat turns some faults into other errors
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone
    except OSError as error:
        raise unreadable(folder, error) from error


def _irregular(path: Path) -> FileRefusedError:
    return unreadable(
        path,
        f"it is {KINDS.get(_kind(path), 'no regular file')}",
        "Write the data to a file first; a folder may hold CSV and Parquet files alone.",
    )
