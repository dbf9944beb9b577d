"""Columns of the tables: bronze keeps what arrived, silver speaks `unique_id, ds, y`."""

from __future__ import annotations

import pyarrow as pa

DATE, STORE, ITEM, SALES = "date", "store", "item", "sales"
REQUIRED = (DATE, STORE, ITEM, SALES)
"""Columns that every arriving file has, under these names or mapped to them."""

SOURCE_FILE, INGEST_TS, BATCH_ID, SEQ = "_source_file", "_ingest_ts", "_batch_id", "_seq"
ARRIVAL: tuple[pa.Field, ...] = (
    pa.field(SOURCE_FILE, pa.string()),
    pa.field(INGEST_TS, pa.timestamp("us", "UTC")),
    pa.field(BATCH_ID, pa.string()),
    pa.field(SEQ, pa.int64()),
)
"""What ingestion adds: file name, time of arrival, batch (hash of the file), row number in the file from 0."""

UNIQUE_ID, DS, Y, IMPUTED = "unique_id", "ds", "y", "imputed"
RESERVED = frozenset({UNIQUE_ID, DS, Y, IMPUTED, "reason", "period", *(field.name for field in ARRIVAL)})
"""Names that an arriving file may not use for its own columns."""


def covariate_type(kind: pa.DataType) -> pa.DataType:
    """The bronze type of a column beyond the required ones: numbers and booleans as float64, all else as text."""
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind) or pa.types.is_decimal(kind)
    return pa.float64() if numeric else pa.string()


def bronze_schema(arriving: pa.Schema) -> pa.Schema:
    """The bronze schema for a file with these columns: the required ones as text, since checks judge them later.

    Columns beyond the required ones are covariates and are taken as known ahead (price, promotion).
    """
    covariates = [pa.field(field.name, covariate_type(field.type)) for field in arriving if field.name not in REQUIRED]
    return pa.schema([*(pa.field(name, pa.string()) for name in REQUIRED), *covariates, *ARRIVAL])


def covariates(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the covariates among bronze columns, in order."""
    return tuple(name for name in columns if name not in REQUIRED and name not in RESERVED)
