"""What a preparation did: kept in the commit of the features table, the last one, and sent with the job's events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from contracts.events import DataVersion
from data_ops.storage import Once, commit_of, exists, locate, table

QUARANTINE, CALENDAR, PANEL, FEATURES = "silver/quarantine", "silver/calendar", "silver/panel", "silver/features"
SUMMARY, CAUSATION, BRONZE_VERSION, CONTENT_HASH = "summary", "causationId", "bronzeVersion", "contentHash"
"""Keys of the metadata in the commits of silver tables."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Figures of one preparation; dates are ISO 8601 in UTC, `silver` maps a table's name to its Delta version.

    `rows_in = rows_kept + rows_replaced + sum(quarantined)`; `rows_out = rows_kept + rows_imputed`. `seconds` are those
    until the features are written.
    """

    source: str
    rows_in: int
    rows_out: int
    rows_kept: int
    rows_imputed: int
    rows_replaced: int
    quarantined: Mapping[str, int]
    series: int
    first: str
    last: str
    frequency: str
    season: int
    features: tuple[str, ...]
    silver: Mapping[str, int]
    content_hash: str
    seconds: float

    def json(self) -> str:
        """One line of JSON, keys sorted."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> Summary:
        """Read `json` back."""
        fields: dict[str, Any] = json.loads(text)
        fields["features"] = tuple(fields["features"])
        return cls(**fields)


def transaction(source: DataVersion) -> Once:
    """The Delta transaction that all silver tables made from a bronze version carry."""
    return Once(app_id=f"prepare:{source.table}", version=source.version)


def summary_of(source: DataVersion) -> Summary | None:
    """The figures of a finished preparation, read from silver; None when it has not finished."""
    commit = commit_of(locate(FEATURES), transaction(source))
    if commit is None:
        return None
    told = Summary.of(commit.metadata[SUMMARY])
    return replace(told, silver={**told.silver, FEATURES: commit.version})


def overtaken(source: DataVersion) -> bool:
    """Whether silver was made from this bronze version or a later one, which holds its rows too."""
    url = locate(FEATURES)
    done = table(url).transaction_version(transaction(source).app_id) if exists(url) else None
    return done is not None and done >= source.version
