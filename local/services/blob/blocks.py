"""Block lists: which stored bytes the entries of a Put Block List stand for."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from local.services.blob.content import Part
from local.services.blob.errors import BlobError, Code

KINDS = ("Committed", "Uncommitted", "Latest")


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One entry: a block id and where to look for it (Committed, Uncommitted, or Latest: staged ones first)."""

    id: str
    kind: str


def parse(body: bytes) -> list[Listed]:
    """The entries of a block list document.

    Raises:
        BlobError: InvalidXmlDocument for what is no block list.
    """
    if b"<!" in body:
        raise BlobError(Code.INVALID_XML_DOCUMENT, "Declarations are refused.")
    try:
        root = ET.fromstring(body)  # noqa: S314 - declarations, and so entities, are refused above
    except ET.ParseError as error:
        raise BlobError(Code.INVALID_XML_DOCUMENT, str(error)) from error
    entries = [Listed(id=(entry.text or "").strip(), kind=entry.tag) for entry in root]
    if root.tag != "BlockList" or any(entry.kind not in KINDS for entry in entries):
        raise BlobError(Code.INVALID_XML_DOCUMENT, f"Allowed: BlockList of {', '.join(KINDS)}.")
    return entries


def checked_id(block: str) -> str:
    """The block id, when it is base64 of at most 64 bytes.

    Raises:
        BlobError: InvalidBlockId.
    """
    try:
        fits = 0 < len(b64decode(block, validate=True)) <= 64  # noqa: PLR2004 - Azure's limit, in bytes
    except binascii.Error:
        fits = False
    if not fits:
        raise BlobError(Code.INVALID_BLOCK_ID)
    return block


def chosen(entries: Sequence[Listed], staged: Mapping[str, Part], committed: Mapping[str, Part]) -> list[Part]:
    """The bytes behind each entry.

    Raises:
        BlobError: InvalidBlockList when an entry's block is not there.
    """
    pools = {"Uncommitted": [staged], "Committed": [committed], "Latest": [staged, committed]}
    parts = []
    for entry in entries:
        found = next((pool[entry.id] for pool in pools[entry.kind] if entry.id in pool), None)
        if found is None:
            raise BlobError(Code.INVALID_BLOCK_LIST, f"{entry.kind} block {entry.id} is not there.")
        parts.append(found)
    return parts
