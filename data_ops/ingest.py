"""Arrival: one file becomes one commit to bronze, however often and by however many processes it is ingested."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from data_ops.schema import ARRIVAL, DATE, REQUIRED, bronze_schema
from data_ops.sources.files import SalesFile
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


def ingest(path: Path, columns: Mapping[str, str] | None = None) -> IngestResult:
    """Append a file to bronze, once; `columns` maps a required name to the file's own.

    Raises:
        FileRefusedError: when the file can't be read, lacks columns, or has no rows.
        SchemaRefusedError: when one of its columns has another type than in bronze.
    """
    arriving = SalesFile.open(path, columns or {})
    digest = _sha256(path, arriving.columns)
    once = Once(app_id=f"ingest:{digest}", version=1)
    url = locate(BRONZE)
    if earlier := commit_of(url, once):
        return _result(earlier)
    rows = arriving.count()
    causation, arrived = str(uuid4()), datetime.now(UTC)
    metadata = {"causationId": causation, "file": path.name, "sha256": digest, "rows": str(rows)}
    made = append_once(url, lambda: _stamped(arriving, digest, arrived), once, metadata=metadata, properties=CHANGE_FEED)
    return _result(made)


def _result(commit: Commit) -> IngestResult:
    return IngestResult(
        table=BRONZE,
        version=commit.version,
        rows=int(commit.metadata.get("rows", 0)),
        already_there=commit.already_there,
        causation=commit.metadata.get("causationId", ""),
    )


def _stamped(arriving: SalesFile, digest: str, arrived: datetime) -> pa.RecordBatchReader:
    schema = bronze_schema(arriving.schema)
    return pa.RecordBatchReader.from_batches(schema, _batches(arriving, schema, digest, arrived))


def _batches(arriving: SalesFile, schema: pa.Schema, digest: str, arrived: datetime) -> Iterator[pa.RecordBatch]:
    seen = 0
    for batch in arriving.batches():
        count = batch.num_rows
        constants = (arriving.path.name, arrived, digest[:16])
        added = [pa.repeat(pa.scalar(value, field.type), count) for value, field in zip(constants, ARRIVAL, strict=False)]
        columns = [_bronze(batch[field.name], field.type) for field in schema if field.name in batch.schema.names]
        yield pa.RecordBatch.from_arrays([*columns, *added, pa.array(range(seen, seen + count), pa.int64())], schema=schema)
        seen += count


def _bronze(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind) and pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us")).cast(kind)
    return column.cast(kind)


def _sha256(path: Path, columns: Mapping[str, str]) -> str:
    """Hash of the bytes and of the mapping, since the same file read another way is another arrival."""
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256")
    for name in (DATE, *sorted(REQUIRED)):
        digest.update(f"|{name}={columns.get(name, name)}".encode())
    return digest.hexdigest()
