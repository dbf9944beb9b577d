"""Delta commits in bronze: which one an event's subject names, and whether that commit brought data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore

from contracts.events import DataVersion
from contracts.names import BRONZE
from events.errors import RefusedError, RetryableError

_CONTAINER = f"/blobServices/default/containers/{BRONZE}/blobs/"
_COMMIT = re.compile(r"(?P<table>[\w-]+(?:/[\w-]+)*)/_delta_log/(?P<version>\d{20})\.json", re.ASCII)
_LIKE_A_COMMIT = re.compile(r"_delta_log/[^/]*\d{20}\.json$")
_UNSAFE = re.compile(r"[^\x20-\x7e]|[%\\?#]|//|(?:^|/)\.{1,2}(?:/|$)|^/")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What a commit's actions say: whether rows came or went, and the trace of the writer, if it left one."""

    changes_data: bool
    traceparent: str


def commit_of(subject: str) -> DataVersion | None:
    """The data version whose commit a storage event's subject names; None for other files of the container.

    Raises:
        RefusedError: for another container, a path that could be read in two ways, or a commit of a table with a
            name outside letters, digits, `_`, `-` and `/`.
    """
    if not subject.startswith(_CONTAINER):
        msg = f"the subject is not in container {BRONZE}"
        raise RefusedError(msg)
    path = subject.removeprefix(_CONTAINER)
    if _UNSAFE.search(path):
        msg = "the subject holds a path that could be read in two ways"
        raise RefusedError(msg)
    found = _COMMIT.fullmatch(path)
    if found is None and _LIKE_A_COMMIT.search(path):
        msg = "the subject names a commit of a table with a name that is not allowed"
        raise RefusedError(msg)
    return None if found is None else DataVersion(table=f"{BRONZE}/{found['table']}", version=int(found["version"]))


def read_commit(url: str, version: DataVersion) -> Commit:
    """Read a commit from the container at `url` (`abfss://` root), with credentials from the environment.

    The place is made from the configured container and the checked table name, never from a URL in an event.

    Raises:
        RetryableError: when the commit can't be read, or not whole, yet.
    """
    path = f"{version.table.removeprefix(f'{BRONZE}/')}/_delta_log/{version.version:020d}.json"
    try:
        actions = list(_actions(obstore.get(AzureStore.from_url(url), path).stream(min_chunk_size=_CHUNK)))
    except (BaseError, OSError) as error:
        msg = f"commit {version} can't be read: {error}"
        raise RetryableError(msg) from error
    except ValueError as error:
        msg = f"commit {version} is not whole: {error}"
        raise RetryableError(msg) from error
    if not actions:
        msg = f"commit {version} is still empty"
        raise RetryableError(msg)
    return _summary(actions)


def _actions(chunks: Iterable[Any]) -> Iterator[tuple[bool, str]]:
    """Whether each action changes data, and the trace it carries; one line is held at a time."""
    for line in _lines(chunks):
        action = json.loads(line)
        if not isinstance(action, dict):
            msg = "a line is not an object"
            raise ValueError(msg)  # noqa: TRY004 - damaged content, like JSON that can't be read
        files = [action.get(name) or {} for name in ("add", "remove")]
        yield any(file.get("dataChange") is True for file in files), _trace(action.get("commitInfo") or {})


def _lines(chunks: Iterable[Any]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + bytes(chunk)).split(b"\n")
        yield from filter(bytes.strip, whole)
    if rest.strip():
        yield rest


def _trace(info: dict[str, Any]) -> str:
    trace = str(info.get("traceparent", ""))
    return trace if _TRACEPARENT.fullmatch(trace) else ""


def _summary(actions: list[tuple[bool, str]]) -> Commit:
    traces = [trace for _, trace in actions if trace]
    return Commit(changes_data=any(changes for changes, _ in actions), traceparent=traces[0] if traces else "")
