"""A virtual environment per published document, kept by the hash of all that decides what is in it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from contracts.errors import FourPartError
from data_ops.uv import find_uv

COMPLETE = "complete"
"""Marker inside an environment: written last, touched at each use."""

KEPT = 8
UNUSED_SECONDS = 24 * 3600.0
"""An environment used within this time is never removed: a job may still run in it."""


class EnvironmentFailedError(FourPartError):
    """The published document can't be installed."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a published document asks for: the text of its `requirements.txt` and its wheels."""

    requirements: str = ""
    wheels: tuple[Path, ...] = ()

    @property
    def key(self) -> str:
        """Hash of the requirements, the wheels' names and bytes, and the interpreter."""
        digest = hashlib.sha256(f"{sys.version}\n{sys.base_prefix}\n{self.requirements}\n".encode())
        for wheel in self.wheels:
            digest.update(f"{wheel.name} {hashlib.sha256(wheel.read_bytes()).hexdigest()}\n".encode())
        return digest.hexdigest()[:24]


def default_cache() -> Path:
    """Return the per-user folder that holds the environments of all stacks."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mlops-forecasting" / "environments"


def build(environment: Environment, cache: Path) -> Path:
    """Return the Python executable of the environment; built when it is not there or was left unfinished.

    Two processes that ask for the same environment build it once; nothing of the caller's own environment is in it.

    Raises:
        EnvironmentFailedError: when uv can't install the document.
        UvNotFoundError: when there is no uv.
    """
    folder = cache / environment.key
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / f"{folder.name}.lock"):
        if not (folder / COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(environment, folder)
        (folder / COMPLETE).touch()
    prune(cache)
    return folder / "bin" / "python"


def prune(cache: Path) -> None:
    """Remove the environments that are neither among the newest nor used lately."""
    used = {marker.parent: marker.stat().st_mtime for marker in cache.glob(f"*/{COMPLETE}")}
    for folder in sorted(used, key=lambda item: used[item], reverse=True)[KEPT:]:
        if time.time() - used[folder] < UNUSED_SECONDS:
            continue
        try:
            with _locked(cache / f"{folder.name}.lock", wait=False):
                (folder / COMPLETE).unlink()
                shutil.rmtree(folder)
        except BlockingIOError:
            continue


def _install(environment: Environment, folder: Path) -> None:
    python = folder / "bin" / "python"
    _uv(folder.parent, "venv", "--no-project", "--python", sys.executable, str(folder))
    if not environment.requirements.strip() and not environment.wheels:
        return
    document = folder / "requirements.txt"
    document.write_text(environment.requirements)
    wanted = ["--python", str(python), "-r", str(document), *map(str, environment.wheels)]
    try:
        _uv(folder.parent, "pip", "install", "--offline", *wanted)
    except EnvironmentFailedError:
        _uv(folder.parent, "pip", "install", *wanted)


def _uv(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    command = [str(find_uv()), "--quiet", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return
    happened = "An environment could not be built from its published document."
    raise EnvironmentFailedError(
        happened,
        given=done.stderr.strip()[-2000:],
        allowed="packages that an index in reach, or uv's cache, holds",
        remedy="Correct the document and publish it again, or bring the package index in reach.",
    )


@contextmanager
def _locked(file: Path, *, wait: bool = True) -> Generator[IO[bytes]]:
    with file.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield lock
