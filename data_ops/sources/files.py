"""One of people's own files: CSV or Parquet with date, store, item and sales under these names or mapped to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from data_ops.schema import REQUIRED, SALES
from data_ops.sources.cells import Kind, as_covariate, as_key, as_text, declared, kind_of, wider, with_points
from data_ops.sources.dialect import UNPACKING, Dialect, first_fault, sniff
from data_ops.sources.mapping import KEYS, Selection, select
from data_ops.sources.refusals import FileRefusedError, unreadable

PARQUET_MAGIC = b"PAR1"
BLOCK_BYTES = 4 << 20
"""Read at once; a row must fit in."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a whole file holds: its rows, and the kind of each covariate."""

    rows: int
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, kw_only=True)
class SalesFile:
    """A file whose header was read; `dialect` is None for Parquet."""

    path: Path
    selection: Selection
    dialect: Dialect | None

    @classmethod
    def open(cls, path: Path, columns: Mapping[str, str]) -> SalesFile:
        """Read a regular file's columns.

        Raises:
            FileRefusedError: when it is neither CSV in UTF-8 nor Parquet, or lacks a required column.
        """
        with _told(path, None):
            own = pq.read_schema(path) if _is_parquet(path) else None
            dialect = None if own else sniff(path)
        names = dialect.names if dialect else own.names if own else ()
        chosen = select(path, names, columns)
        if own:
            _require_flat(path, own)
        return cls(path=path, selection=chosen, dialect=dialect)

    def scan(self) -> Scan:
        """Read all rows, so that a file that breaks off is refused before anything is written.

        Raises:
            FileRefusedError: when a row can't be read.
        """
        rows, kinds = 0, dict.fromkeys(self.selection.covariates, Kind.EMPTY)
        with _told(self.path, self.dialect):
            for batch in self._raw():
                rows += batch.num_rows
                for name, index in self.selection.covariates.items():
                    kinds[name] = wider(kinds[name], self._kind(batch.column(index)))
                self._required(batch)
        return Scan(rows=rows, kinds=kinds)

    def batches(self, kinds: Mapping[str, Kind]) -> Iterator[pa.RecordBatch]:
        """The rows: required columns as text, then these covariates in their kinds.

        Raises:
            FileRefusedError: when a row can't be read.
        """
        with _told(self.path, self.dialect):
            for batch in self._raw():
                arrays = self._required(batch) | {name: self._covariate(batch, name, kind) for name, kind in kinds.items()}
                yield pa.RecordBatch.from_pydict(arrays)

    def _required(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        found = {name: [batch.column(index) for index in places] for name, places in self.selection.required.items()}
        return {
            name: as_key(found[name], batch.num_rows) if name in KEYS else self._pointed(as_text(found[name][0]), name)
            for name in REQUIRED
        }

    def _covariate(self, batch: pa.RecordBatch, name: str, kind: Kind) -> pa.Array:
        column = batch.column(self.selection.covariates[name])
        return as_covariate(self._pointed(column, SALES) if kind == Kind.NUMBER else column, kind)

    def _kind(self, column: pa.Array) -> Kind:
        if column.null_count == len(column):
            return Kind.EMPTY
        return kind_of(self._pointed(column, SALES)) if self.dialect else declared(column.type)

    def _pointed(self, column: pa.Array, name: str) -> pa.Array:
        return with_points(column, self.dialect.decimal) if self.dialect and name == SALES else column

    def _raw(self) -> Iterator[pa.RecordBatch]:
        if self.dialect is None:
            with pq.ParquetFile(self.path) as opened:
                yield from opened.iter_batches()
            return
        # Cells stay as they are, "N/A" too: bronze keeps what arrived, and covariates are judged over the whole file.
        convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(self.dialect.names, pa.string()), strings_can_be_null=False)
        parse = pa_csv.ParseOptions(delimiter=self.dialect.delimiter, newlines_in_values=True)
        read = pa_csv.ReadOptions(block_size=BLOCK_BYTES)
        with ExitStack() as stack:
            file = stack.enter_context(pa.OSFile(str(self.path)))
            stream = stack.enter_context(pa.CompressedInputStream(file, "gzip")) if self.dialect.compressed else file
            yield from stack.enter_context(pa_csv.open_csv(stream, read, parse, convert))


@contextmanager
def _told(path: Path, dialect: Dialect | None) -> Iterator[None]:
    """Turn what readers raise into a refusal; text that is not UTF-8 is told with its place."""
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, *UNPACKING) as error:
        if dialect and "UTF8" in str(error) and (fault := first_fault(path, compressed=dialect.compressed)):
            raise fault from error
        raise unreadable(path, error) from error


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as opened:
        found = opened.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
    if path.suffix == ".parquet" and not found:
        raise unreadable(path, "it does not begin as a Parquet file does")
    return found


def _require_flat(path: Path, own: pa.Schema) -> None:
    nested = [field.name for field in own if pa.types.is_nested(field.type)]
    if nested:
        raise FileRefusedError(
            "The file has columns of lists or structures.",
            given=f"{path.name}, nested: {', '.join(nested)}",
            allowed="columns of texts, numbers, dates and truths",
            remedy="Drop these columns, or write their members as columns of their own.",
        )
