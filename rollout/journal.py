"""What a release did: one line a step while it goes on, and a result for machines."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Literal, TextIO

QA = "qa"

type Decision = Literal["released", "tested", "unchanged", "rejected"]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """One check of a running image: what was seen, and the seconds it took."""

    name: str
    ok: bool
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Place:
    """Checks at an address; production's has a slot and proves its name.

    `certificate` (PEM) is what its callers trust, empty when an authority vouches for it.
    """

    url: str
    checks: Sequence[Checked]
    slot: str = ""
    hostname: str = ""
    certificate: str = ""


@dataclass(kw_only=True)
class Result:
    """How a release ended (`tested`: in QA, production as before); `qa` and `production` are absent when it did not get there.

    `champion` and `retired` are versions of the model whose roles this release changed.
    """

    digest: str
    decision: Decision = "rejected"
    reason: str = ""
    model: str = ""
    version: str = ""
    qa: Place | None = None
    production: Place | None = None
    champion: str = ""
    retired: list[str] = field(default_factory=list)

    def json(self) -> str:
        """One JSON object, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True, indent=2)


@dataclass(kw_only=True)
class Step:
    """A step under way; `detail` is what its line will say."""

    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Journal:
    """Writes `step NAME done|failed SECONDS DETAIL`, one line a step, when the step is over."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)

    @contextmanager
    def step(self, name: str) -> Generator[Step]:
        """A step; an exception ends it as failed and goes on."""
        step, began = Step(), time.monotonic()
        try:
            yield step
        except BaseException as error:
            self._write(name, "failed", began, step.detail or str(error).partition("\n")[0] or type(error).__name__)
            raise
        self._write(name, "done", began, step.detail)

    def _write(self, name: str, state: str, began: float, detail: str) -> None:
        self.stream.write(f"step {name} {state} {time.monotonic() - began:.1f} {detail}".rstrip() + "\n")
        self.stream.flush()
