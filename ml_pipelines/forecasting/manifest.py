"""The manifest of a folder: each file by its SHA-256, written last, so that a folder without one was not finished."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MANIFEST = "manifest.json"


def write_manifest(folder: Path) -> None:
    """List all files below the folder."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file != folder / MANIFEST)
    hashes = {file.relative_to(folder).as_posix(): _hash(file) for file in files}
    (folder / MANIFEST).write_text(json.dumps(hashes, sort_keys=True, indent=2))


def manifest_fault(folder: Path) -> str:
    """Which files are missing or changed, or that there is no manifest; empty when all is as it was written."""
    manifest = folder / MANIFEST
    hashes: dict[str, str] = json.loads(manifest.read_text()) if manifest.is_file() else {}
    wrong = [name for name, held in hashes.items() if not (folder / name).is_file() or _hash(folder / name) != held]
    return ", ".join(wrong) if hashes else "no manifest"


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
