"""What the job runs: the wheel of this repository and the locked versions of its data environment, known by their hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from data_ops.uv import find_uv

ROOT = Path(__file__).parent.parent
GROUP = "data"
REQUIREMENTS = "requirements.txt"


class ReleaseBuildError(FourPartError):
    """The wheel or the requirements can't be made here."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """Two files and their common hash; the same sources make the same bytes."""

    wheel_name: str
    wheel: bytes
    requirements: bytes

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over names and contents."""
        digest = hashlib.sha256()
        for part in (self.wheel_name.encode(), self.wheel, self.requirements):
            digest.update(hashlib.sha256(part).digest())
        return digest.hexdigest()[:16]

    def files(self) -> dict[str, bytes]:
        """Contents by file name."""
        return {self.wheel_name: self.wheel, REQUIREMENTS: self.requirements}


def build_release() -> Release:
    """Build the wheel and export the locked requirements of the data group.

    Raises:
        ReleaseBuildError: when this is not a work tree, or a tool fails.
        UvNotFoundError: when there is no uv.
    """
    if not (ROOT / "uv.lock").is_file():
        raise ReleaseBuildError(
            "A release is built from the repository, not from an installed package.",
            given=str(ROOT),
            allowed="a work tree with pyproject.toml and uv.lock",
            remedy="Run `data-ops publish` in a clone of the repository.",
        )
    name, wheel = build_wheel()
    return Release(wheel_name=name, wheel=wheel, requirements=requirements(GROUP))


def build_wheel() -> tuple[str, bytes]:
    """Build the wheel of the product's packages: its name and bytes."""
    with tempfile.TemporaryDirectory(prefix="wheel-") as directory:
        _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", directory)
        built = next(Path(directory).glob("*.whl"))
        return built.name, built.read_bytes()


def requirements(group: str) -> bytes:
    """Export a group's exact versions, without hashes and comments; markers stay, so one file serves all platforms."""
    out = ("--no-hashes", "--no-emit-project", "--no-header", "--no-annotate")
    return _run(str(find_uv()), "export", "--only-group", group, "--locked", "--quiet", *out).encode()


def _run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    if done.returncode == 0:
        return done.stdout
    raise ReleaseBuildError(
        "A part of the release can't be built.",
        given=f"`{' '.join(command)}`: {done.stderr.strip()[-800:]}",
        allowed="exit code 0",
        remedy="Put right what the tool names; `uv lock` when the lock file is behind pyproject.toml.",
    )
