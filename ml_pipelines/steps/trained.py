"""The folder `model`: what `train` hands on and `register` registers, or what made fitting needless or impossible."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import ml_pipelines
from ml_pipelines.gate.evidence import TooShort, Unchanged
from ml_pipelines.steps.step import read, write

ARTEFACT, FACTS, UNCHANGED, TOO_SHORT, CODE = "artefact", "trained.json", "unchanged.json", "too_short.json", "code.zip"
PACKAGES = ("contracts", "data_ops", "ml_pipelines")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Facts of a fitted model.

    `configuration` is known before fitting: the recipe's hash (code, parameters, features), horizon and gap. `recipe` adds
    the rung that the ladder chose. `overrides` is the JSON that changed the default recipe, "" for none.
    """

    configuration: str
    recipe: str
    overrides: str
    rung: str
    cutoff: int
    horizon: int
    gap: int
    data_version: str
    content_hash: str
    code: str


def configuration(recipe_hash: str, horizon: int, gap: int) -> str:
    """Hash of what a model is made by, data apart."""
    return _hash([recipe_hash, horizon, gap])


def recipe(configuration: str, rung: str) -> str:
    """Hash of what a model is made by, the chosen rung included."""
    return _hash([configuration, rung])


def save_unchanged(folder: Path, unchanged: Unchanged) -> None:
    """Say that a registered version is the same, so that nothing was fitted."""
    write(folder, UNCHANGED, asdict(unchanged))


def unchanged(folder: Path) -> Unchanged | None:
    """The version that made fitting needless, as it stood when training asked."""
    return Unchanged(**read(folder, UNCHANGED)) if (folder / UNCHANGED).exists() else None


def save_too_short(folder: Path, short: TooShort) -> None:
    """Say that there is too little history to fit anything on."""
    write(folder, TOO_SHORT, asdict(short))


def too_short(folder: Path) -> TooShort | None:
    """What made fitting impossible."""
    return TooShort(**read(folder, TOO_SHORT)) if (folder / TOO_SHORT).exists() else None


def save_facts(folder: Path, facts: Trained) -> None:
    """Write the facts beside the artefact."""
    write(folder, FACTS, asdict(facts))


def facts(folder: Path) -> Trained:
    """Read the facts back."""
    return Trained(**read(folder, FACTS))


def save_code(folder: Path) -> str:
    """Keep the sources that fitted the model, so that its recipe can be fitted again after they have changed.

    Returns the SHA-256 of the archive; the same sources give the same bytes.
    """
    content = _archive(Path(ml_pipelines.__file__).parents[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CODE).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def code() -> str:
    """The SHA-256 that `save_code` would return now."""
    return hashlib.sha256(_archive(Path(ml_pipelines.__file__).parents[1])).hexdigest()


def _archive(root: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(file for package in PACKAGES for file in (root / package).rglob("*.py")):
            archive.writestr(zipfile.ZipInfo(file.relative_to(root).as_posix()), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _hash(parts: list[str | int]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
