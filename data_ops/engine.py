"""DuckDB behind Ibis, with bounded memory: what does not fit goes to a temporary directory."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.expr.types import Table

MEMORY_LIMIT = "1500MB"
"""Used where `DATA_MEMORY_LIMIT` is not set; DuckDB's own share, without Python and Arrow buffers."""

BATCH_ROWS = 131_072


@contextmanager
def engine() -> Generator[Backend]:
    """A connection whose tables and spilled state live in a temporary directory that goes with it."""
    with tempfile.TemporaryDirectory(prefix="data-ops-") as directory, warnings.catch_warnings():
        # Ibis 12 reads schemas by a name that DuckDB 2 calls deprecated; nothing that we can change.
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        backend = ibis.duckdb.connect(
            Path(directory) / "work.duckdb",
            memory_limit=os.environ.get("DATA_MEMORY_LIMIT", MEMORY_LIMIT),
            temp_directory=directory,
        )
        try:
            backend.con.execute("SET enable_progress_bar = false")
            yield backend
        finally:
            backend.disconnect()


def load(backend: Backend, name: str, rows: pa.RecordBatchReader) -> Table:
    """Take a stream of rows into a table of the connection; UTC times become plain ones, the engine's only kind here.

    DuckDB's times with a zone need its extension `icu`, which a machine without network can't load.
    """
    arriving = f"{name}_arriving"
    backend.con.register(arriving, _retyped(rows, None))
    taken = backend.create_table(name, backend.table(arriving))
    backend.con.unregister(arriving)
    return taken


def stream(backend: Backend, rows: Table) -> pa.RecordBatchReader:
    """The rows of an expression as Arrow batches; plain times become UTC, because Delta's basic timestamp is UTC."""
    # Ibis 12 asks for batches by a name that DuckDB 2 no longer has, so the compiled query is run beside it.
    return _retyped(backend.con.sql(backend.compile(rows)).to_arrow_reader(BATCH_ROWS), "UTC")


def _retyped(rows: pa.RecordBatchReader, zone: str | None) -> pa.RecordBatchReader:
    schema = pa.schema([_field(field, zone) for field in rows.schema])
    return pa.RecordBatchReader.from_batches(schema, (batch.cast(schema) for batch in rows))


def _field(field: pa.Field, zone: str | None) -> pa.Field:
    if pa.types.is_timestamp(field.type):
        return pa.field(field.name, pa.timestamp("us", zone))
    return pa.field(field.name, field.type)
