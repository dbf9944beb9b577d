"""What a stack's state takes on the disk, and the bound on its logs."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 2**20
LOG_BYTES = 20 * MIB
"""A log above this is put aside when the local cloud starts, and takes the place of the one put aside before."""


def usage(state: Path) -> dict[str, int]:
    """Bytes that each part of the state directory takes, the largest first; a file of several names counts once."""
    seen: set[tuple[int, int]] = set()
    parts = {entry.name: _size(Path(entry.path), seen) for entry in os.scandir(state)}
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def bound_logs(folder: Path) -> None:
    """Put large logs aside; nobody may be writing them."""
    for log in [*folder.glob("*.log"), *folder.glob("*.jsonl")]:
        if log.stat().st_size > LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.before"))


def _size(path: Path, seen: set[tuple[int, int]]) -> int:
    if path.is_dir() and not path.is_symlink():
        return sum(_size(path / name, seen) for name in _names(path))
    try:
        found = path.lstat()
    except FileNotFoundError:  # services go on working meanwhile
        return 0
    key = (found.st_dev, found.st_ino)
    if key in seen:
        return 0
    seen.add(key)
    return found.st_blocks * 512


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names alone, of a folder that may be gone
    except FileNotFoundError:
        return []
