"""People's own files: CSV or Parquet with date, store, item and sales under these names or mapped to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from contracts.errors import FourPartError
from data_ops.schema import REQUIRED, RESERVED

PARQUET_MAGIC = b"PAR1"


class FileRefusedError(FourPartError):
    """A file that holds no sales we can read."""


class MappingRefusedError(FourPartError):
    """A column mapping that can't be understood."""


@dataclass(frozen=True, kw_only=True)
class SalesFile:
    """A readable file; `columns` maps required names to its own, `schema` has the required names."""

    path: Path
    columns: Mapping[str, str]
    schema: pa.Schema
    is_parquet: bool

    @classmethod
    def open(cls, path: Path, columns: Mapping[str, str]) -> SalesFile:
        """Read a file's columns.

        Raises:
            FileRefusedError: when it is missing, neither CSV nor Parquet, or lacks a required column.
        """
        is_parquet = _is_parquet(path)
        try:
            own = pq.read_schema(path) if is_parquet else _csv(path, None).schema
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        return cls(path=path, columns=columns, schema=_renamed(path, own, columns), is_parquet=is_parquet)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows, under the required names.

        Raises:
            FileRefusedError: when a row can't be read.
        """
        try:
            for batch in self._raw():
                yield pa.RecordBatch.from_arrays(batch.columns, names=self.schema.names)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable(self.path, error) from error

    def count(self) -> int:
        """Rows in the file; all are read, so that a file that breaks off is refused before anything is written.

        Raises:
            FileRefusedError: when there are none.
        """
        rows = sum(batch.num_rows for batch in self.batches())
        if rows:
            return rows
        raise FileRefusedError(
            "The file has no rows.",
            given=str(self.path),
            allowed="a header and at least one row",
            remedy="Check the export that made the file.",
        )

    def _raw(self) -> Iterator[pa.RecordBatch]:
        if self.is_parquet:
            with pq.ParquetFile(self.path) as opened:
                yield from opened.iter_batches()
        else:
            with _csv(self.path, {self.columns.get(name, name): pa.string() for name in REQUIRED}) as reader:
                yield from reader


def parse_mapping(text: str) -> dict[str, str]:
    """Read `date=ds,sales=units`: required name = the file's own name.

    Raises:
        MappingRefusedError: for anything else.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    mapping = {name.strip(): own.strip() for name, sign, own in pairs if sign}
    if len(mapping) == len(pairs) and all(mapping.values()) and set(mapping) <= set(REQUIRED):
        return mapping
    raise MappingRefusedError(
        "The column mapping can't be read.",
        given=text,
        allowed=f"name=column pairs with commas between, names of {', '.join(REQUIRED)}",
        remedy="Write for example --columns date=ds,sales=units.",
    )


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as opened:
            return opened.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    except OSError as error:
        raise _unreadable(path, error) from error


def _csv(path: Path, types: Mapping[str, pa.DataType] | None) -> pa_csv.CSVStreamingReader:
    # Without the types of the required columns the first block's are guessed, which is how covariates get theirs.
    # Text stays as it is, "N/A" too, because bronze keeps what arrived.
    convert = pa_csv.ConvertOptions(column_types=dict(types or {}), strings_can_be_null=False)
    return pa_csv.open_csv(path, convert_options=convert)


def _renamed(path: Path, own: pa.Schema, columns: Mapping[str, str]) -> pa.Schema:
    back = {columns.get(name, name): name for name in REQUIRED}
    names = [back.get(name, name) for name in own.names]
    missing = [f"{name} (column {columns[name]})" if name in columns else name for name in REQUIRED if name not in names]
    taken = [name for name in names if name in RESERVED or names.count(name) > 1]
    nested = [name for name, field in zip(names, own, strict=True) if pa.types.is_nested(field.type)]
    if not missing and not taken and not nested:
        return pa.schema([pa.field(name, field.type) for name, field in zip(names, own, strict=True)])
    fault = (
        f"without {', '.join(missing)}" if missing else f"reserved, repeated or nested: {', '.join(sorted({*taken, *nested}))}"
    )
    raise FileRefusedError(
        "The file does not have the columns of a sales file.",
        given=f"{path.name} with {', '.join(own.names)}; {fault}",
        allowed=f"{', '.join(REQUIRED)} under these names or mapped, each once; others but {', '.join(sorted(RESERVED))}",
        remedy="Map the file's own names, for example --columns date=ds,sales=units, or rename its other columns.",
    )


def _unreadable(path: Path, error: Exception) -> FileRefusedError:
    return FileRefusedError(
        "The file can't be read.",
        given=f"{path}: {' '.join(str(error).split())[:300]}",
        allowed="a CSV file with a header, or a Parquet file",
        remedy="Check the path, the permissions, and that the export was complete.",
    )
