"""What arrives at once: one file, or a folder's files of one layout, as rows of bronze."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from data_ops.negative import Negative
from data_ops.schema import ARRIVAL, DATE, REQUIRED, bronze_schema
from data_ops.sources.cells import Kind
from data_ops.sources.files import SalesFile, Scan
from data_ops.sources.paths import arriving_files
from data_ops.sources.refusals import FileRefusedError

BATCH_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class Arriving:
    """Files and what a reading to their ends found; `kinds` are those of the covariates that have values.

    `columns` and `negative` are as they were asked for.
    """

    path: Path
    files: tuple[SalesFile, ...]
    scans: tuple[Scan, ...]
    kinds: Mapping[str, Kind]
    columns: Mapping[str, str]
    negative: Negative

    @classmethod
    def of(cls, path: Path, columns: Mapping[str, str], negative: Negative) -> Arriving:
        """Read a file, or all files of a folder in the order of their names.

        Raises:
            FileRefusedError: when one of them can't be read, lacks columns, or has another layout than the first, and
                when there are no rows.
        """
        files = tuple(SalesFile.open(file, columns) for file in arriving_files(path))
        _require_one_layout(files)
        scans = tuple(file.scan() for file in files)
        if not any(scan.rows for scan in scans):
            raise FileRefusedError(
                "The file has no rows.",
                given=str(path),
                allowed="a header and at least one row",
                remedy="Check the export that made the file.",
            )
        return cls(path=path, files=files, scans=scans, kinds=_kinds(files, scans), columns=columns, negative=negative)

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(scan.rows for scan in self.scans)

    @property
    def schema(self) -> pa.Schema:
        """The bronze schema of the rows."""
        known = {name: pa.string() if kind == Kind.TEXT else pa.float64() for name, kind in self.kinds.items()}
        return bronze_schema(known)

    def digest(self) -> str:
        """SHA-256 of the bytes, the mapping and what becomes of negative sales: read another way it is another arrival."""
        digest = _sha256(self.files)
        for name in (DATE, *sorted(REQUIRED)):
            digest.update(f"|{name}={self.columns.get(name, name)}".encode())
        if self.negative != Negative.QUARANTINE:
            digest.update(f"|negative={self.negative}".encode())
        return digest.hexdigest()

    def reader(self, digest: str, arrived: datetime) -> pa.RecordBatchReader:
        """The rows as bronze holds them, stamped with the file, the time, the batch and their numbers."""
        return pa.RecordBatchReader.from_batches(self.schema, self._stamped(digest, arrived))

    def _stamped(self, digest: str, arrived: datetime) -> Iterator[pa.RecordBatch]:
        schema, seen = self.schema, 0
        for file, scan in zip(self.files, self.scans, strict=True):
            # An empty column of this file has the kind that it has in another.
            kinds = {name: kind if scan.kinds[name] == Kind.EMPTY else scan.kinds[name] for name, kind in self.kinds.items()}
            constants = (file.path.name, arrived, digest[:BATCH_DIGITS], str(self.negative))
            for batch in file.batches(kinds):
                count = batch.num_rows
                added = [pa.repeat(pa.scalar(value, field.type), count) for value, field in zip(constants, ARRIVAL, strict=False)]
                numbers = pa.array(range(seen, seen + count), pa.int64())
                yield pa.RecordBatch.from_arrays([*batch.columns, *added, numbers], schema=schema)
                seen += count


def _kinds(files: Sequence[SalesFile], scans: Sequence[Scan]) -> dict[str, Kind]:
    """The kind of each covariate over all files, without empty ones; a column of numbers here and of texts there is refused."""
    found: dict[str, Kind] = dict(scans[0].kinds)
    for file, scan in zip(files, scans, strict=True):
        for name, kind in scan.kinds.items():
            known = found[name]
            if Kind.EMPTY not in {kind, known} and (kind == Kind.TEXT) != (known == Kind.TEXT):
                raise _other_layout(file.path, f"{name} holds {kind}s, {known}s in the files before")
            found[name] = kind if known == Kind.EMPTY else known
    return {name: kind for name, kind in found.items() if kind != Kind.EMPTY}


def _require_one_layout(files: Sequence[SalesFile]) -> None:
    first = files[0].selection.covariates.keys()
    for file in files:
        if differing := sorted(file.selection.covariates.keys() ^ first):
            raise _other_layout(file.path, f"{', '.join(differing)} not in both it and {files[0].path.name}")


def _other_layout(path: Path, given: str) -> FileRefusedError:
    return FileRefusedError(
        "A file of the folder has another layout than the others.",
        given=f"{path}: {given}",
        allowed="one set of columns, of the same kinds, in all files of a folder",
        remedy="Ingest the file by itself, or bring its columns in line.",
    )


def _sha256(files: Sequence[SalesFile]) -> hashlib._Hash:
    """Of one file its bytes, under any name; of several their hashes in order."""
    if len(files) == 1:
        with files[0].path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256")
    return hashlib.sha256("".join(_sha256([file]).hexdigest() for file in files).encode())
