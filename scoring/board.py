"""The forecasts in memory: all series of one published artefact, and the swap to a newer one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml_pipelines.forecast_files import Forecasts


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """One published artefact, ready to be asked: `rows` maps a series to its row, `ds` are the periods as text in UTC."""

    forecasts: Forecasts
    data_version: str
    pointer: str
    rows: Mapping[str, int]
    ds: tuple[str, ...]

    @classmethod
    def of(cls, forecasts: Forecasts, data_version: str, pointer: str) -> Page:
        """Index an artefact; `pointer` is the hash by which the pointer named it."""
        rows = {str(name): row for row, name in enumerate(forecasts.unique_ids)}
        ds = tuple(f"{day}Z" for day in np.datetime_as_string(forecasts.ds.astype("datetime64[s]")))
        return cls(forecasts=forecasts, data_version=data_version, pointer=pointer, rows=rows, ds=ds)

    def series(self, unique_id: str, ds: str | None = None) -> list[dict[str, Any]] | None:
        """Point and interval of all periods, or of the one that starts at `ds`; None when series or period is unknown."""
        row = self.rows.get(unique_id)
        if row is None:
            return None
        if ds is not None:
            wanted = self._period(ds)
            return None if wanted is None else [self._cell(row, wanted)]
        return [self._cell(row, period) for period in range(len(self.ds))]

    def _period(self, ds: str) -> int | None:
        """The period that starts at a date or a time in UTC."""
        whole = ds if "T" in ds else f"{ds}T00:00:00"
        whole = whole if whole.endswith("Z") else f"{whole}Z"
        return self.ds.index(whole) if whole in self.ds else None

    def _cell(self, row: int, period: int) -> dict[str, Any]:
        held = self.forecasts
        return {
            "ds": self.ds[period],
            "point": float(held.point[row, period]),
            "lower": float(held.lower[row, period]),
            "upper": float(held.upper[row, period]),
        }


@dataclass
class Board:
    """The page in use; a request takes it once, so that its whole answer comes from one page."""

    page: Page | None = None
    trouble: str = "no forecasts are loaded yet"
    refused: int = 0
    swapped: int = 0

    def show(self, page: Page) -> None:
        """Use a page from now on; one assignment, so no request sees half of it."""
        self.page = page
        self.trouble = ""
        self.swapped += 1

    def refuse(self, reason: str) -> None:
        """Stay with the page in use and say why a newer one was not taken."""
        self.trouble = reason
        self.refused += 1


def unique_id(store: str, item: str) -> str:
    """The name of a series, as the silver tables have it."""
    return f"{store}_{item}"
