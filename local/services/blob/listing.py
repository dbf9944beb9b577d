"""List Blobs: pages in the order of names, with prefix, delimiter, start and marker."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from local.services.blob.errors import BlobError, Code
from local.services.blob.models import Blob, stored
from local.services.blob.place import Place
from local.store import Store

MOST = 5000
"""Largest page, Azure's own."""
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is asked for; `start` is a name to begin at (inclusive), `marker` where the last page ended."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    marker: str = ""
    most: int = MOST
    metadata: bool = False

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Query:
        """Read the query string.

        Raises:
            BlobError: InvalidQueryParameterValue, or UnsupportedQueryParameter for an `include` that is not emulated.
        """
        include = {part for part in parameters.get("include", "").split(",") if part}
        if include - {"metadata"}:
            raise BlobError(Code.UNSUPPORTED_QUERY_PARAMETER, f"Not emulated: include={','.join(sorted(include))}.")
        text = parameters.get("maxresults", str(MOST))
        if not text.isdecimal() or int(text) == 0:
            raise BlobError(Code.INVALID_QUERY_PARAMETER_VALUE, f"maxresults={text}")
        return cls(
            prefix=parameters.get("prefix", ""),
            delimiter=parameters.get("delimiter", ""),
            start=parameters.get("startFrom", ""),
            marker=parameters.get("marker", ""),
            most=min(int(text), MOST),
            metadata="metadata" in include,
        )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A blob, or a common prefix when `blob` is None."""

    name: str
    blob: Blob | None


def page(store: Store, place: Place, query: Query) -> tuple[list[Entry], str]:
    """Entries of one page and the marker of the next, empty at the end.

    Raises:
        BlobError: InvalidQueryParameterValue for a marker that no page gave.
    """
    entries: list[Entry] = []
    for entry in _entries(store, place, query, max(query.prefix, query.start, _unmarked(query.marker))):
        if len(entries) == query.most:
            return entries, _marked(entry.name)
        entries.append(entry)
    return entries, ""


def _entries(store: Store, place: Place, query: Query, lower: str) -> Iterator[Entry]:
    while True:
        found = store.rows(
            "select * from blobs where account = ? and container = ? and name >= ? order by name limit ?",
            *(place.account, place.container, lower, BATCH),
        )
        for row in found:
            name = row["name"]
            if not name.startswith(query.prefix):
                return
            group = _group(name, query)
            if group:
                yield Entry(name=group, blob=None)
                lower = _after(group)
                break
            yield Entry(name=name, blob=stored(row))
            lower = name + "\0"
        else:
            if len(found) < BATCH:
                return


def _group(name: str, query: Query) -> str:
    head, delimiter, _ = name[len(query.prefix) :].partition(query.delimiter) if query.delimiter else ("", "", "")
    return query.prefix + head + delimiter if delimiter else ""


def _after(group: str) -> str:
    return group[:-1] + chr(ord(group[-1]) + 1)


def document(place: Place, query: Query, entries: list[Entry], marker: str) -> str:
    """The answer's XML."""
    asked = {"Prefix": query.prefix, "Marker": query.marker, "MaxResults": str(query.most), "Delimiter": query.delimiter}
    echo = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in asked.items() if value)
    service = quoteattr(f"https://{place.account}.blob.core.windows.net/")
    listed = "".join(_element(entry, query) for entry in entries)
    head = f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint={service}'
    tail = f"<Blobs>{listed}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    return f"{head} ContainerName={quoteattr(place.container)}>{echo}{tail}"


def _element(entry: Entry, query: Query) -> str:
    name = f"<Name>{escape(entry.name)}</Name>"
    if entry.blob is None:
        return f"<BlobPrefix>{name}</BlobPrefix>"
    blob = entry.blob
    properties = {
        "Creation-Time": blob.creation_time,
        "Last-Modified": blob.last_modified,
        "Etag": blob.etag.strip('"'),
        "Content-Length": str(blob.size),
        "Content-Type": blob.media,
        "Content-MD5": blob.headers.get("content-md5", ""),
        "BlobType": "BlockBlob",
    }
    told = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in properties.items())
    own = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in blob.metadata.items())
    metadata = f"<Metadata>{own}</Metadata>" if query.metadata else ""
    return f"<Blob>{name}<Properties>{told}</Properties>{metadata}</Blob>"


def _marked(name: str) -> str:
    return urlsafe_b64encode(name.encode()).decode()


def _unmarked(marker: str) -> str:
    try:
        return urlsafe_b64decode(marker).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BlobError(Code.INVALID_QUERY_PARAMETER_VALUE, f"marker={marker}") from error
