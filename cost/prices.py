"""List prices: one figure a meter and region, each with its source and date."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "prices.toml"


@dataclass(frozen=True, kw_only=True)
class Price:
    """USD for one unit of a meter in a region, as its source told it on a day."""

    meter: str
    unit: str
    usd: float
    region: str
    source: str
    as_of: dt.date


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The table of prices; `sources` says what the short names of sources stand for."""

    rows: tuple[Price, ...]
    sources: Mapping[str, str]

    def find(self, meter: str, region: str) -> Price | None:
        """The price of a meter in a region, else in whichever region one is known for; None when there is none."""
        known = [row for row in self.rows if row.meter == meter]
        return next((row for row in known if row.region == region), known[0] if known else None)


@cache
def prices(file: Path = FILE) -> Prices:
    """Read the table."""
    read = tomllib.loads(file.read_text())
    return Prices(rows=tuple(_price(row, read["defaults"]) for row in read["price"]), sources=read["sources"])


def _price(row: Mapping[str, Any], defaults: Mapping[str, Mapping[str, Any]]) -> Price:
    return Price(**{**defaults[row["source"]], **row})
