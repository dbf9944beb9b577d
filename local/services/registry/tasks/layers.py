"""Layers of an image: tar archives whose bytes follow from their content alone."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
REQUIREMENTS = ".packages/requirements.txt"
"""Where the layer of `RUN pip install` keeps what was installed; who runs the image makes the environment from it."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer: the compressed archive, the digest of it, and the digest of the archive inside."""

    content: bytes
    digest: str
    diff_id: str

    @property
    def descriptor(self) -> dict[str, object]:
        """How a manifest names it."""
        return {"mediaType": MEDIA_TYPE, "digest": self.digest, "size": len(self.content)}


def layer(files: Mapping[str, bytes]) -> Layer:
    """A layer of files by path below the root; the same files give the same bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode, entry.mtime = len(files[path]), 0o644, 0
            archive.addfile(entry, io.BytesIO(files[path]))
    plain = out.getvalue()
    packed = gzip.compress(plain, mtime=0)
    return Layer(content=packed, digest=digest(packed), diff_id=digest(plain))


def digest(content: bytes) -> str:
    """`sha256:` and the hash in hexadecimal."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
