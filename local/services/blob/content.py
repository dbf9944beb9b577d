"""The bytes of blobs: files that are written once, renamed into place, and never changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PIECE = 1 << 20
"""Bytes read at a time."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A stored file: its name in the content folder, size in bytes, and MD5 in base64 (empty when not computed)."""

    name: str
    size: int
    md5: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Some bytes of a stored file: `first .. first + size`."""

    name: str
    first: int
    size: int


class ContentFolder:
    """The folder of content files. A file that no row names is an orphan of a killed process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def receive(self, chunks: AsyncIterator[bytes]) -> Content:
        """Store a request's body."""
        name, size, digest = uuid.uuid4().hex, 0, hashlib.md5(usedforsecurity=False)
        try:
            with (self._folder / name).open("xb") as file:
                async for chunk in chunks:
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
        except BaseException:
            self.discard([name])
            raise
        return Content(name=name, size=size, md5=b64encode(digest.digest()).decode())

    def join(self, parts: Sequence[Part]) -> Content:
        """Store parts of files one after the other, as one file."""
        name = uuid.uuid4().hex
        with (self._folder / name).open("xb") as file:
            for part in parts:
                file.writelines(self.read(part.name, part.first, part.size))
            return Content(name=name, size=file.tell())

    def link(self, name: str) -> str:
        """Give a file a second name, so that a copied blob outlives its source."""
        second = uuid.uuid4().hex
        os.link(self._folder / name, self._folder / second)
        return second

    def read(self, name: str, first: int, length: int) -> Iterator[bytes]:
        """The bytes `first .. first + length`; the file is opened now, so that a delete meanwhile does not matter.

        Raises:
            FileNotFoundError: when the blob was replaced since its row was read.
        """
        file = (self._folder / name).open("rb")
        file.seek(first)

        def pieces() -> Iterator[bytes]:
            left = length
            with file:
                while left > 0:
                    piece = file.read(min(PIECE, left))
                    left -= len(piece)
                    yield piece

        return pieces()

    def discard(self, names: Sequence[str]) -> None:
        """Remove files that no row names any more."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def sweep(self, kept: set[str]) -> int:
        """Remove the orphans and count them; nothing is done while another process uses the folder."""
        # Never closed: the lock is held for as long as this process lives.
        lock = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        orphans = [file.name for file in self._folder.iterdir() if file.name not in kept and file.name != ".lock"]
        self.discard(orphans)
        return len(orphans)
