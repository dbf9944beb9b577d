"""Finds the Pulumi engine, or builds it once from the Go module proxy into a cache outside the work tree."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from local.progress import Progress, Step

SOURCE = Path(__file__).parent / "source"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
GO_WANTED = (1, 26)
BUILD_TIME = "3-6 minutes on 2 cores, once"
HOST = "pulumi-language-python"


class EngineMissingError(FourPartError):
    """There is no engine and none can be built on this machine."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """An engine's binary, and the folder that holds the Python language host it is to use."""

    binary: Path
    host_folder: Path


def find_engine() -> Engine | None:
    """The engine to use: an official installation on PATH with its own language host, else the cached build, else None."""
    official = shutil.which("pulumi")
    if official is not None:
        folder = Path(official).resolve().parent
        if (folder / HOST).exists():
            return Engine(binary=Path(official).resolve(), host_folder=folder)
    binary = _cached()
    return Engine(binary=binary, host_folder=Path(sys.executable).parent) if binary.exists() else None


def ensure_engine(progress: Progress) -> Engine:
    """The engine, built first when there is none.

    Raises:
        EngineMissingError: when it has to be built and can't be.
    """
    return find_engine() or build_engine(progress)


def build_engine(progress: Progress) -> Engine:
    """Build the engine from the pinned modules into the cache, showing the seconds it takes.

    The build goes to a draft that is renamed when whole. An interrupted build resumes, since Go keeps the parts it has
    compiled in its own cache.

    Raises:
        EngineMissingError: without Go 1.26 or newer, or when the build fails.
    """
    go = _go()
    binary = _cached()
    binary.parent.mkdir(parents=True, exist_ok=True)
    draft = binary.with_name(f".pulumi.{os.getpid()}")
    with progress.step("engine") as step:
        step.detail = f"building Pulumi {pinned_version()} ({BUILD_TIME})"
        try:
            _build(go, draft, step)
            draft.replace(binary)
        finally:
            draft.unlink(missing_ok=True)
    return Engine(binary=binary, host_folder=Path(sys.executable).parent)


def pinned_version() -> str:
    """The engine's version, as `go.mod` pins it, with its leading `v`."""
    found = re.search(rf"{re.escape(PACKAGE)} (v\S+)", (SOURCE / "go.mod").read_text())
    assert found is not None  # noqa: S101 - the file beside this one holds the line
    return found[1]


def _build(go: str, draft: Path, step: Step) -> None:
    version = f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={pinned_version()}"
    command = [go, "build", "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(draft), f"{PACKAGE}/cmd/pulumi"]
    built = subprocess.run(
        command, cwd=SOURCE, env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True, check=False
    )
    if built.returncode:
        happened = "The build of the Pulumi engine failed."
        remedy = "Check that Go reaches its module proxy (`go env GOPROXY`), then run the command again; what is built is kept."
        raise EngineMissingError(
            happened, given=built.stderr.strip()[-800:] or "no output", allowed="`go build` without error", remedy=remedy
        )
    step.detail = f"built Pulumi {pinned_version()}"


def _cached() -> Path:
    """Keyed by the sources alone: a newer Go is no reason to spend the minutes again."""
    sources = hashlib.sha256()
    for file in sorted(SOURCE.iterdir()):
        sources.update(file.name.encode() + b"\0" + file.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "mlops-forecasting" / "engine" / sources.hexdigest()[:16] / "pulumi"


def _go() -> str:
    go = shutil.which("go")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip() if go else ""
    found = re.match(r"go(\d+)\.(\d+)", version)
    if go is None or found is None or (int(found[1]), int(found[2])) < GO_WANTED:
        wanted = ".".join(map(str, GO_WANTED))
        happened = "There is no Pulumi engine on this machine, and building it needs Go."
        raise EngineMissingError(
            happened,
            given=version or "no `pulumi` and no `go` on PATH",
            allowed=f"an official `pulumi`, or Go {wanted} or newer",
            remedy=f"Install Go {wanted} (go.dev/doc/install) and run again (the build takes {BUILD_TIME}), or install Pulumi.",
        )
    return go
