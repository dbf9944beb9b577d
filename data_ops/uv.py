"""Where the uv program is: it exports locked requirements, and builds environments from them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from contracts.errors import FourPartError

ROOT = Path(__file__).parents[1]


class UvNotFoundError(FourPartError):
    """The machine has no uv to build environments with."""


def find_uv() -> Path:
    """Return the uv program: the environment's `UV`, else the one on PATH, else the repository's own.

    Raises:
        UvNotFoundError: when there is none, or `UV` names none.
    """
    named = os.environ.get("UV")
    candidate = named or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if os.access(candidate, os.X_OK):
        return Path(candidate)
    happened = "The uv program was not found; requirements can't be exported or installed without it."
    raise UvNotFoundError(
        happened,
        given=f"UV={named}" if named else f"no uv on PATH and none at {candidate}",
        allowed="an executable uv",
        remedy="Run `make setup`, which installs it, or set UV to its path.",
    )
