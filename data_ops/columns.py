"""Columns of Ibis expressions, without static types."""

from __future__ import annotations

from typing import Any

from ibis.expr.types import Table


def col(rows: Table, name: str) -> Any:
    """A column; typed as Any, because Ibis 12 annotates fewer operands than it takes (`fill_null("")`, `<` gives bool)."""
    return rows[name]
