"""Whether a preview would say anything new: not while all that it depends on is as it was when the last one ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.engine.runner import PulumiEngine

KINDS = frozenset({".py", ".json", ".yaml", ".lock"})
FILE = "last_preview"


@dataclass(frozen=True, kw_only=True)
class LastPreview:
    """A preview of one stack that found nothing left to change.

    It depends on the files given (folders count with all they hold), on the stack's file, and on what the engine knows of the
    stack. As every preview without a refresh, it does not see what was changed behind the engine's back.
    """

    pulumi: PulumiEngine
    sources: tuple[Path, ...]

    def holds(self) -> bool:
        """Whether nothing has changed since `keep`."""
        return self._file.exists() and self._file.read_text() == self._mark()

    def keep(self) -> None:
        """Remember that the stack is as its program says, now."""
        self._file.write_text(self._mark())

    @property
    def _file(self) -> Path:
        return self.pulumi.workspace.folder / FILE

    def _mark(self) -> str:
        """A hash of everything, the engine itself among it."""
        digest = hashlib.sha256(str(self.pulumi.engine.binary).encode())
        for file in self._files():
            digest.update(f"\0{file}\0".encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def _files(self) -> Iterator[Path]:
        workspace = self.pulumi.workspace
        yield from (workspace.checkpoint, workspace.stack_file)
        for source in self.sources:
            found = sorted(source.rglob("*")) if source.is_dir() else [source]
            yield from (file for file in found if file.suffix in KINDS and file.is_file())
