"""The panel: series by periods on one regular grid, with covariates that are known ahead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

type Cells = NDArray[np.float32]
"""An array over (series, periods)."""
type Dates = NDArray[np.datetime64]

DAY, MONTH = np.timedelta64(1, "D"), np.timedelta64(1, "M")
KEYS = frozenset({"unique_id", "ds", "y", "imputed", "store", "item", "period"})
CALENDAR = frozenset({"hour", "dow", "day", "doy", "week", "month", "quarter", "year", "holidays", "holiday"})
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
_EVERY_MONTHS = re.compile(r"every (\d+) months")
_MADE = re.compile(r"(lag|mean|std)_\d+")
_ARRAYS, _FACTS, _COVARIATE = "panel.npz", "panel.json", "covariate."


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """`n` series over `t` periods.

    `y` is (n, t), NaN where a sale is unknown: before a series' first period, after its last, and where the row was
    imputed. `covariates` map a name to (n, t), NaN where unknown. `ds` are the periods' starts in UTC.
    """

    unique_ids: tuple[str, ...]
    stores: tuple[str, ...]
    items: tuple[str, ...]
    ds: Dates
    y: Cells
    covariates: Mapping[str, Cells]
    frequency: str
    season: int

    @classmethod
    def of_features(cls, reader: pa.RecordBatchReader, *, frequency: str, season: int) -> Panel:
        """Read the rows of the silver table `features`; its numeric covariates are taken, lags and calendar are not."""
        names = [name for name in reader.schema.names if name in KEYS or _is_covariate(reader.schema.field(name))]
        table = pa.Table.from_batches([batch.select(names) for batch in reader]).combine_chunks()
        keys = table["unique_id"].combine_chunks().dictionary_encode()
        order = np.argsort(np.array(keys.dictionary.to_pylist(), dtype=object))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        row = rank[keys.indices.to_numpy()]
        period = table["period"].to_numpy()
        stamps = table["ds"].cast(pa.timestamp("s", "UTC")).to_numpy().astype("datetime64[s]")
        first = int(period.min())
        column = period - first
        shape = (len(order), int(column.max()) + 1)
        ds = np.full(shape[1], np.datetime64("NaT", "s"), dtype="datetime64[s]")
        ds[column] = stamps
        known = ~table["imputed"].to_numpy(zero_copy_only=False)
        cells = {
            name: _cells(shape, row, column, table[name].to_numpy(zero_copy_only=False)) for name in names if name not in KEYS
        }
        return cls(
            unique_ids=_first(table["unique_id"], row, shape[0]),
            stores=_first(table["store"], row, shape[0]),
            items=_first(table["item"], row, shape[0]),
            ds=ds,
            y=_cells(shape, row[known], column[known], table["y"].to_numpy()[known]),
            covariates=cells,
            frequency=frequency,
            season=season,
        )

    @property
    def periods(self) -> int:
        """Number of periods."""
        return int(self.y.shape[1])

    @property
    def yearly(self) -> int:
        """Periods of a year, whole weeks for daily data; of a week for hourly data."""
        days = (self.ds[1] - self.ds[0]) / np.timedelta64(1, "D") if self.periods > 1 else 1.0
        if days < 1:
            return round(7 / days)
        return 364 if days == 1 else max(1, round(365.25 / days))

    def until(self, cutoff: int) -> Panel:
        """The panel as it was known after `cutoff` periods; covariates end there, too."""
        cut = {name: cells[:, :cutoff] for name, cells in self.covariates.items()}
        return replace(self, ds=self.ds[:cutoff], y=self.y[:, :cutoff], covariates=cut)

    def only(self, rows: NDArray[np.int64]) -> Panel:
        """The panel of some of its series."""
        names = {name: tuple(getattr(self, name)[row] for row in rows) for name in ("unique_ids", "stores", "items")}
        return replace(self, y=self.y[rows], covariates={name: cells[rows] for name, cells in self.covariates.items()}, **names)

    def dates(self, start: int, count: int) -> Dates:
        """The starts of periods `start` to `start + count - 1`, beyond the panel's end as well."""
        index = np.arange(start, start + count)
        if months := _months(self.frequency):
            return _monthly(self.ds[0], months, index)
        step = self.ds[1] - self.ds[0] if self.periods > 1 else DAY.astype("timedelta64[s]")
        return (self.ds[0] + index * step).astype("datetime64[s]")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All numbers by name, for an npz file."""
        cells = {f"{_COVARIATE}{name}": values for name, values in self.covariates.items()}
        return {"y": self.y, "ds": self.ds.astype(np.int64), **cells}

    def names(self) -> dict[str, Any]:
        """All that is no array, for a JSON file."""
        keys = {"unique_ids": self.unique_ids, "stores": self.stores, "items": self.items}
        return {**keys, "frequency": self.frequency, "season": self.season}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], names: Mapping[str, Any]) -> Panel:
        """Read `arrays` and `names` back."""
        cells = {name.removeprefix(_COVARIATE): arrays[name] for name in arrays if name.startswith(_COVARIATE)}
        return cls(
            unique_ids=tuple(names["unique_ids"]),
            stores=tuple(names["stores"]),
            items=tuple(names["items"]),
            ds=arrays["ds"].astype("datetime64[s]"),
            y=arrays["y"],
            covariates=cells,
            frequency=names["frequency"],
            season=int(names["season"]),
        )

    def save(self, folder: Path) -> None:
        """Write `panel.npz` and `panel.json` without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _ARRAYS).open("wb") as file:
            np.savez(file, allow_pickle=False, **self.arrays())
        (folder / _FACTS).write_text(json.dumps(self.names()))

    @classmethod
    def load(cls, folder: Path) -> Panel:
        """Read what `save` wrote."""
        with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
            return cls.of_arrays(arrays, json.loads((folder / _FACTS).read_text()))


def _is_covariate(field: pa.Field) -> bool:
    numeric = pa.types.is_floating(field.type) or pa.types.is_integer(field.type)
    return numeric and field.name not in CALENDAR and not _MADE.fullmatch(field.name)


def _cells(shape: tuple[int, int], row: NDArray[np.intp], column: NDArray[np.int64], values: NDArray[np.float64]) -> Cells:
    cells = np.full(shape, np.nan, dtype=np.float32)
    cells[row, column] = values
    return cells


def _first(names: pa.ChunkedArray, row: NDArray[np.intp], count: int) -> tuple[str, ...]:
    index = np.zeros(count, dtype=np.int64)
    index[row] = np.arange(len(row))
    return tuple(str(name) for name in names.take(pa.array(index)).to_pylist())


def _months(frequency: str) -> int:
    """Calendar months in a period; 0 for a period of fixed length."""
    told = _EVERY_MONTHS.fullmatch(frequency)
    return int(told[1]) if told else MONTHS.get(frequency, 0)


def _monthly(first: np.datetime64, months: int, index: NDArray[np.int64]) -> Dates:
    """The same day of each month, or each month's last day where the first date is one."""
    month = first.astype("datetime64[M]")
    starts = month + (index * months).astype("timedelta64[M]")
    if (first.astype("datetime64[D]") + DAY).astype("datetime64[M]") != month:
        return ((starts + MONTH).astype("datetime64[D]") - DAY).astype("datetime64[s]")
    return (starts.astype("datetime64[s]") + (first - month.astype("datetime64[s]"))).astype("datetime64[s]")
