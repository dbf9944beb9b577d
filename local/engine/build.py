"""Finds the Pulumi engine, or builds it once from the Go module proxy into a cache outside the work tree."""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from local.gobuild import GoProgram
from local.progress import Progress

SOURCE = Path(__file__).parent / "source"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3"
HOST = "pulumi-language-python"


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
    built = program().cached
    return _own(built) if built is not None else None


def ensure_engine(progress: Progress) -> Engine:
    """The engine, built first when there is none.

    Raises:
        ProgramMissingError: when it has to be built and can't be.
    """
    return find_engine() or _own(program().ensure(progress))


def pinned_version() -> str:
    """The engine's version, as `go.mod` pins it, with its leading `v`."""
    found = re.search(rf"{re.escape(PACKAGE)} (v\S+)", (SOURCE / "go.mod").read_text())
    assert found is not None  # noqa: S101 - the file beside this one holds the line
    return found[1]


def program() -> GoProgram:
    """How the engine is built when there is no official one."""
    return GoProgram(
        title="Pulumi engine",
        binary="pulumi",
        source=SOURCE,
        package=f"{PACKAGE}/cmd/pulumi",
        linked=f"-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={pinned_version()}",
        takes="3-6 minutes on 2 cores, once",
        instead=", or an official `pulumi` on PATH",
    )


def _own(binary: Path) -> Engine:
    return Engine(binary=binary, host_folder=Path(sys.executable).parent)
