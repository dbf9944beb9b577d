"""Columns of one batch as bronze keeps them: required ones as text, covariates as numbers where all of their cells are some."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_ops.sources.mapping import JOINED_BY

MISSING = pa.array(["", "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None"])
"""Texts that stand for no value in a column of numbers."""
COMMA_NUMBER = r"^\s*([+-]?\d*),(\d+)\s*$"
NO_STORE = "all"
"""The key of a file that has no such column."""

compute: Any = pc
"""pyarrow makes its functions at run time, without types."""


class Kind(StrEnum):
    """What the cells of a covariate are; `EMPTY` columns are left out."""

    NUMBER = "number"
    TRUTH = "truth"
    TEXT = "text"
    EMPTY = "empty"


def declared(kind: pa.DataType) -> Kind:
    """The kind of a typed column."""
    types: Any = pa.types
    if types.is_null(kind):
        return Kind.EMPTY
    if types.is_boolean(kind):
        return Kind.TRUTH
    numeric = types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)
    return Kind.NUMBER if numeric else Kind.TEXT


def kind_of(texts: pa.Array) -> Kind:
    """The narrowest kind that all of a batch's cells are."""
    filled = without_missing(texts).drop_null()
    if not len(filled):
        return Kind.EMPTY
    for kind, type_ in ((Kind.NUMBER, pa.float64()), (Kind.TRUTH, pa.bool_())):
        try:
            filled.cast(type_)
        except pa.ArrowInvalid:
            continue
        return kind
    return Kind.TEXT


def wider(one: Kind, other: Kind) -> Kind:
    """The kind that holds both."""
    if Kind.EMPTY in {one, other} or one == other:
        return other if one == Kind.EMPTY else one
    return Kind.TEXT


def without_missing(texts: pa.Array) -> pa.Array:
    """Trimmed texts; null where there is no value."""
    trimmed = compute.utf8_trim_whitespace(texts)
    return compute.if_else(compute.is_in(trimmed, value_set=MISSING), pa.scalar(None, pa.string()), trimmed)


def with_points(texts: pa.Array, decimal: str) -> pa.Array:
    """Numbers written with a decimal comma get a point; all else stays as it arrived."""
    return compute.replace_substring_regex(texts, COMMA_NUMBER, r"\1.\2") if decimal == "," else texts


def as_text(column: pa.Array) -> pa.Array:
    """Any column as text; times with a zone are told in UTC."""
    return (column.cast(pa.timestamp("us")) if pa.types.is_timestamp(column.type) else column).cast(pa.string())


def as_covariate(column: pa.Array, kind: Kind) -> pa.Array:
    """A covariate in its bronze type: float64 for numbers and truths (1 and 0), else text."""
    if kind == Kind.TEXT:
        return as_text(column)
    cells = without_missing(column) if pa.types.is_string(column.type) else column
    return (cells.cast(pa.bool_()) if kind == Kind.TRUTH else cells).cast(pa.float64())


def as_key(columns: Sequence[pa.Array], rows: int) -> pa.Array:
    """Several columns joined by `+`, missing where one of them is; the constant `all` for none.

    Raises:
        ValueError: when a part holds the `+` that joins them, so that two keys could become one.
    """
    if not columns:
        return pa.repeat(pa.scalar(NO_STORE), rows)
    texts = [as_text(column) for column in columns]
    if len(texts) == 1:
        return texts[0]
    for text in texts:
        if compute.any(compute.match_substring(text, JOINED_BY)).as_py():
            message = f"a part of a joined key holds the sign {JOINED_BY}"
            raise ValueError(message)
    filled = [compute.if_else(compute.equal(compute.utf8_trim_whitespace(text), ""), None, text) for text in texts]
    return compute.binary_join_element_wise(*filled, JOINED_BY, null_handling="emit_null")
