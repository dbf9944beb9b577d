"""Breaks rows of a file of sales in the ways that files of sales are broken, clearly more of them than a job may accept."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pyarrow as pa

SHARE = 0.12
"""More than twice `data_ops.checks.BAD_SHARE`."""
FAULTS: tuple[Mapping[str, str], ...] = (
    {"sales": "-4"},
    {"sales": ""},
    {"sales": "n/a"},
    {"date": "31.02.2026"},
    {"date": ""},
    {"store": ""},
)
"""What stands in the place of a cell: one fault for each broken row, in turn."""


def broken(table: pa.Table) -> pa.Table:
    """The table with `SHARE` of its rows broken, or one for each fault if that is more; required columns become text."""
    texts = {name: [str(value) for value in table[name].to_pylist()] for name in ("date", "store", "item", "sales")}
    count = min(table.num_rows, max(len(FAULTS), math.ceil(table.num_rows * SHARE)))
    for number in range(count):
        for name, text in FAULTS[number % len(FAULTS)].items():
            texts[name][number * table.num_rows // count] = text
    return pa.table({**{name: table[name] for name in table.column_names}, **texts})
