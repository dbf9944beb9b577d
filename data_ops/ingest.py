"""Arrival: one file, or one folder, becomes one commit to bronze, however often and by however many processes it is ingested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from data_ops.arrival import Arriving
from data_ops.negative import Negative
from data_ops.storage import CHANGE_FEED, Commit, Once, append_once, commit_of, locate

BRONZE = "bronze/sales"


@dataclass(frozen=True, kw_only=True)
class IngestResult:
    """Where a file's rows are; `already_there` when an earlier ingestion put them there."""

    table: str
    version: int
    rows: int
    already_there: bool
    causation: str


def ingest(path: Path, columns: Mapping[str, str] | None = None, negative: Negative = Negative.QUARANTINE) -> IngestResult:
    """Append a file, or the files of a folder, to bronze, once; `columns` maps a required name to the file's own.

    `negative` says what silver makes of sales below zero; it stands beside each row.

    Raises:
        FileRefusedError: when a file can't be read, lacks columns, has another layout than its folder, or there are no rows.
        SchemaRefusedError: when one of its columns has another type than in bronze.
    """
    arriving = Arriving.of(path, columns or {}, negative)
    digest = arriving.digest()
    once = Once(app_id=f"ingest:{digest}", version=1)
    url = locate(BRONZE)
    if earlier := commit_of(url, once):
        return _result(earlier)
    causation, arrived = str(uuid4()), datetime.now(UTC)
    metadata = {"causationId": causation, "file": path.name, "sha256": digest, "rows": str(arriving.rows), "negative": negative}
    made = append_once(url, lambda: arriving.reader(digest, arrived), once, metadata=metadata, properties=CHANGE_FEED)
    return _result(made)


def _result(commit: Commit) -> IngestResult:
    return IngestResult(
        table=BRONZE,
        version=commit.version,
        rows=int(commit.metadata.get("rows", 0)),
        already_there=commit.already_there,
        causation=commit.metadata.get("causationId", ""),
    )
