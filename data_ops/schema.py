"""Columns of the tables: bronze keeps what arrived, silver speaks `unique_id, ds, y`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa

DATE, STORE, ITEM, SALES = "date", "store", "item", "sales"
REQUIRED = (DATE, STORE, ITEM, SALES)
"""Columns that every arriving file has, under these names or mapped to them."""

SOURCE_FILE, INGEST_TS, BATCH_ID, NEGATIVE, SEQ = "_source_file", "_ingest_ts", "_batch_id", "_negative", "_seq"
ARRIVAL: tuple[pa.Field, ...] = (
    pa.field(SOURCE_FILE, pa.string()),
    pa.field(INGEST_TS, pa.timestamp("us", "UTC")),
    pa.field(BATCH_ID, pa.string()),
    pa.field(NEGATIVE, pa.string()),
    pa.field(SEQ, pa.int64()),
)
"""What ingestion adds: file name, time of arrival, batch (hash of the file or folder), what becomes of negative sales, and the
row's number in the batch from 0."""

UNIQUE_ID, DS, Y, IMPUTED = "unique_id", "ds", "y", "imputed"
RESERVED = frozenset({UNIQUE_ID, DS, Y, IMPUTED, "reason", "meaning", "period", *(field.name for field in ARRIVAL)})
"""Names that an arriving file may not use for its own columns; nor may it use those of features, `is_feature`."""
_FEATURE = re.compile(r"(lag|mean|std)_\d+", re.IGNORECASE)


def is_feature(name: str) -> bool:
    """Whether a column's name is that of a feature made from past sales."""
    return _FEATURE.fullmatch(name) is not None


def bronze_schema(covariates: Mapping[str, pa.DataType]) -> pa.Schema:
    """The bronze schema for covariates of these types: the required columns as text, since checks judge them later.

    Columns beyond the required ones are covariates and are taken as known ahead (price, promotion).
    """
    known = [pa.field(name, kind) for name, kind in covariates.items()]
    return pa.schema([*(pa.field(name, pa.string()) for name in REQUIRED), *known, *ARRIVAL])


def covariates(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the covariates among bronze columns, in order."""
    return tuple(name for name in columns if name not in REQUIRED and name not in RESERVED)
