"""Whether a preview would say anything new: not while all that it depends on is as it was when the last one began."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from local.engine.runner import PulumiEngine

KINDS = frozenset({".py", ".json", ".yaml", ".lock"})
FILE = "last_preview"


@dataclass(frozen=True, kw_only=True)
class LastPreview:
    """A preview of one stack that left nothing to change; `began` is a hash of its sources, read before it.

    As every preview without a refresh, it does not see what was changed behind the engine's back.
    """

    pulumi: PulumiEngine
    began: str

    @classmethod
    def of(cls, pulumi: PulumiEngine, sources: Iterable[Path]) -> Self:
        """Read what a preview that begins now depends on: the engine, the stack's file, and files or folders with all they hold.

        It is read once, so that what a person changes while the engine works counts as new.
        """
        workspace = pulumi.workspace
        files = _files((workspace.project / workspace.stack_file.name, *sources))
        return cls(pulumi=pulumi, began=_hash(str(pulumi.engine.binary), files))

    def holds(self) -> bool:
        """Whether nothing has changed since `keep`, sources and the engine's own state alike."""
        return self._file.exists() and self._file.read_text() == self._mark()

    def keep(self) -> None:
        """Remember that the stack is now as its sources said at the beginning."""
        self._file.write_text(self._mark())

    @property
    def _file(self) -> Path:
        return self.pulumi.workspace.folder / FILE

    def _mark(self) -> str:
        return _hash(self.began, (self.pulumi.workspace.checkpoint,))


def _files(sources: Iterable[Path]) -> Iterator[Path]:
    for source in sources:
        found = sorted(source.rglob("*")) if source.is_dir() else [source]
        yield from (file for file in found if file.suffix in KINDS and file.is_file())


def _hash(start: str, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(start.encode())
    for file in files:
        digest.update(f"\0{file}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
