"""What a stack's state takes on the disk, and the bounds on what nobody asked to keep: logs, and the engine's past."""

from __future__ import annotations

import os
from pathlib import Path

MIB = 2**20
LOG_BYTES = 20 * MIB
"""A log above this is put aside when the local cloud starts, and takes the place of the one put aside before."""


ENGINE_FILES = 60
"""Newest files of the engine's history and of its backups that stay, of each stack; an update writes two and one."""


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


def bound_history(backend: Path) -> None:
    """Remove what the engine keeps of updates long past; the state itself lies elsewhere."""
    for folder in (*backend.glob("history/*/*"), *backend.glob("backups/*/*")):
        files = sorted((file for file in folder.iterdir() if file.is_file()), key=lambda file: file.stat().st_mtime_ns)
        for file in files[:-ENGINE_FILES]:
            file.unlink(missing_ok=True)


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
