"""How a text file is written: encoding, compression, delimiter and decimal mark, read from its first megabyte."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import shlex
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from data_ops.sources.refusals import FileRefusedError, unreadable

DELIMITERS = (",", ";", "\t", "|")
"""The first one that splits the header into most columns is taken."""
SAMPLE = 1 << 20
SAMPLE_ROWS = 5000
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
UNPACKING = (zlib.error, EOFError)
"""What Python's gzip raises besides OSError when a file is cut off or damaged."""
COMMA_NUMBER, POINT_NUMBER = re.compile(r"[+-]?\d*,\d+"), re.compile(r"[+-]?\d*\.\d+")


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """A readable text file's form, and the names in its header."""

    names: tuple[str, ...]
    delimiter: str
    decimal: str
    compressed: bool

    def __str__(self) -> str:
        """As in `CSV, gzip, delimiter ; and decimal comma`."""
        named = {"\t": "tab"}.get(self.delimiter, self.delimiter)
        form = "" if self.delimiter == "," else f", delimiter {named}"
        return f"CSV{', gzip' if self.compressed else ''}{form}{' and decimal comma' if self.decimal == ',' else ''}"


def sniff(path: Path) -> Dialect:
    """Read the form of a text file from its beginning.

    Raises:
        FileRefusedError: when it is empty, no text, or not in UTF-8.
        OSError: when it can't be read.
    """
    with path.open("rb") as opened:
        head = opened.read(len(GZIP + GZIP))
    compressed = head.startswith(GZIP)
    if head.startswith(ZIP):
        raise unreadable(path, "a ZIP archive or an Excel workbook", "Export the sheet as CSV (UTF-8), or unpack the archive.")
    with _raw(path, compressed=compressed) as opened:
        sample = opened.read(SAMPLE)
    if not sample.strip():
        raise unreadable(path, "it is empty")
    text = _decoded(path, sample, compressed=compressed)
    delimiter = max(DELIMITERS, key=lambda mark: len(next(_rows(text, mark), [])))
    names = tuple(next(_rows(text, delimiter), []))
    return Dialect(names=names, delimiter=delimiter, decimal=_decimal(text, delimiter), compressed=compressed)


def first_fault(path: Path, *, compressed: bool) -> FileRefusedError | None:
    """The refusal that names the first byte of a file that is not UTF-8; None where all of it is."""
    decoder, seen = codecs.getincrementaldecoder("utf-8")(), 0
    with _raw(path, compressed=compressed) as opened:
        while block := opened.read(SAMPLE):
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return _not_utf8(path, seen - pending + error.start, compressed=compressed)
            seen += len(block)
    pending = len(decoder.getstate()[0])
    return _not_utf8(path, seen - pending, compressed=compressed) if pending else None


def _raw(path: Path, *, compressed: bool) -> io.BufferedIOBase:
    return gzip.open(path) if compressed else path.open("rb")


def _decoded(path: Path, sample: bytes, *, compressed: bool) -> str:
    for mark, encoding in WIDE.items():
        if sample.startswith(mark):
            raise _not_utf8(path, 0, encoding, compressed=compressed)
    if (at := sample.find(b"\0")) >= 0:
        start = sample[:64]
        wide = max(start[::2].count(0), start[1::2].count(0)) > len(start) // 3
        raise _not_utf8(path, at, "UTF-16" if wide else "", compressed=compressed)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        return decoder.decode(sample)
    except UnicodeDecodeError:
        raise first_fault(path, compressed=compressed) or unreadable(path, "it is not UTF-8") from None


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Rows of the sample; ends before one that the csv module can't take."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from rows
    except csv.Error:
        return


def _decimal(text: str, delimiter: str) -> str:
    """A comma where numbers of the sample are written with one and none with a point; never beside the delimiter comma."""
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in islice(_rows(text, delimiter), 1, SAMPLE_ROWS) for cell in row]
    points = any(POINT_NUMBER.fullmatch(cell) for cell in cells)
    return "," if not points and any(COMMA_NUMBER.fullmatch(cell) for cell in cells) else "."


def _not_utf8(path: Path, offset: int, encoding: str = "ISO-8859-1", *, compressed: bool) -> FileRefusedError:
    inside = " of the unpacked text" if compressed else ""
    if not encoding:
        return unreadable(path, f"byte {offset}{inside} is 0: this is no text", "Export the data as CSV (UTF-8) or Parquet.")
    before = f"gzip -dc {shlex.quote(str(path))} | " if compressed else ""
    source = "" if compressed else f" {shlex.quote(str(path))}"
    return unreadable(
        path,
        f"byte {offset}{inside} is not UTF-8",
        f"{before}iconv -f {encoding} -t UTF-8{source} > utf8.csv, with the encoding that it was written in; then utf8.csv.",
    )
