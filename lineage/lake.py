"""What commits of the lake's tables say of where their rows come from (docs/contracts.md, 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops.storage import commit_info
from data_ops.summary import BRONZE_VERSION, CAUSATION, CONTENT_HASH, SUMMARY


class CommitSilentError(FourPartError):
    """A commit that tells of no preparation."""


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """The file of a bronze commit: name, SHA-256 and number of rows, empty where the commit does not tell; its event."""

    file: str
    sha256: str
    rows: str
    event: str

    @classmethod
    def of(cls, root: str, version: DataVersion) -> Self:
        """Read the commit of a bronze version; `root` is the container's URL.

        Raises:
            TableMissingError: when the version is not in the lake, or its commit has left the log.
        """
        found = _commit(root, version)
        told = {name: str(found.get(name) or "") for name in ("file", "sha256", "rows")}
        return cls(**told, event=str(found.get(CAUSATION) or ""))


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What a silver version was made from, the hash of its panel's content, its rows, and the event that asked for it."""

    source: DataVersion
    content_hash: str
    rows: int
    event: str

    @classmethod
    def of(cls, root: str, version: DataVersion) -> Self:
        """Read the commit of a version of the features; `root` is the container's URL.

        Raises:
            TableMissingError: when the version is not in the lake, or its commit has left the log.
            CommitSilentError: when the commit is no preparation, but upkeep of the table.
        """
        found = _commit(root, version)
        if missing := [key for key in (BRONZE_VERSION, CONTENT_HASH, SUMMARY) if not found.get(key)]:
            raise CommitSilentError(
                "The commit does not say what its rows were made from.",
                given=f"{version} without {', '.join(missing)}",
                allowed="a commit of the job that prepares features",
                remedy="Look for the version before it in the table's history.",
            )
        return cls(
            source=DataVersion.parse(str(found[BRONZE_VERSION])),
            content_hash=str(found[CONTENT_HASH]),
            rows=json.loads(str(found[SUMMARY]))["rows_out"],
            event=str(found.get(CAUSATION) or ""),
        )


def _commit(root: str, version: DataVersion) -> Mapping[str, Any]:
    return commit_info(f"{root.rstrip('/')}/{version.table.partition('/')[2]}", version.version)
