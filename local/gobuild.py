"""Go programs built once from pinned modules into a per-user cache, outside the work tree."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from local.progress import Progress

GO_WANTED = (1, 26)
GO_WANTED_TEXT = ".".join(map(str, GO_WANTED))


class ProgramMissingError(FourPartError):
    """A Go program is not built, or can't be built on this machine."""


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """What to build, how long that takes, and what would do instead of Go; `linked` are more linker flags.

    The cache is keyed by the sources alone: a newer Go is no reason to spend the minutes again.
    """

    title: str
    binary: str
    source: Path
    package: str = "."
    linked: str = ""
    takes: str
    instead: str = ""

    @property
    def place(self) -> Path:
        """Where the build of these very sources is, or will be."""
        sources = hashlib.sha256()
        for file in sorted(self.source.iterdir()):
            sources.update(file.name.encode() + b"\0" + file.read_bytes())
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "mlops-forecasting" / self.binary / sources.hexdigest()[:16] / self.binary

    @property
    def cached(self) -> Path | None:
        """The build of these very sources, or None."""
        return self.place if self.place.exists() else None

    def find(self) -> Path:
        """Return the build of these very sources.

        Raises:
            ProgramMissingError: when it has not been built yet.
        """
        if self.cached is None:
            happened = f"The {self.title} is not built."
            raise ProgramMissingError(
                happened, given="no build of these sources", allowed=str(self.place), remedy="Run `make up`."
            )
        return self.place

    def ensure(self, progress: Progress) -> Path:
        """Return the build, made first when there is none, with its seconds on show.

        Raises:
            ProgramMissingError: without Go 1.26 or newer, or when the build fails.
        """
        if self.cached is not None:
            return self.place
        with progress.step(self.binary) as step:
            step.detail = f"building the {self.title} ({self.takes})"
            return self.build()

    def build(self) -> Path:
        """Build into a draft that is renamed when whole; an interrupted build resumes from Go's own cache.

        Raises:
            ProgramMissingError: without Go 1.26 or newer, or when the build fails.
        """
        go, place = self._go(), self.place
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{self.binary}.{os.getpid()}")
        command = [go, "build", "-trimpath", "-ldflags", f"-s -w {self.linked}".strip(), "-o", str(draft), self.package]
        environment = {**os.environ, "CGO_ENABLED": "0"}
        try:
            built = subprocess.run(command, cwd=self.source, env=environment, capture_output=True, text=True, check=False)
            if built.returncode:
                raise self._not_built(built.stderr.strip()[-800:])
            draft.replace(place)
        finally:
            draft.unlink(missing_ok=True)
        return place

    def _go(self) -> str:
        go, version = installed_go()
        if go is None:
            raise ProgramMissingError(
                f"The {self.title} has to be built, and that needs Go.",
                given=version,
                allowed=f"Go {GO_WANTED_TEXT} or newer{self.instead}",
                remedy=f"Install Go {GO_WANTED_TEXT} (go.dev/doc/install), then run the command again; the build takes {self.takes}.",
            )
        return go

    def _not_built(self, text: str) -> ProgramMissingError:
        return ProgramMissingError(
            f"The build of the {self.title} failed.",
            given=text or "no output",
            allowed="`go build` without error",
            remedy="Check that Go reaches its module proxy (`go env GOPROXY`), then run the command again; what is built is kept.",
        )


def installed_go() -> tuple[str | None, str]:
    """Return Go's path when it is new enough, and its version or why there is none."""
    go = shutil.which("go")
    if go is None:
        return None, "no `go` on PATH"
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.match(r"go(\d+)\.(\d+)", version)
    enough = found is not None and (int(found[1]), int(found[2])) >= GO_WANTED
    return go if enough else None, version or "a `go` that names no version"
