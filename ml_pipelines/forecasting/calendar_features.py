"""What the calendar says of every period, known or ahead: weekday, place in the year, holidays in and around it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from data_ops.holidays import holidays
from ml_pipelines.forecasting.panel import DAY, Dates, Panel

HOLIDAYS = tuple(sorted(set(holidays(2024).values())))
"""Names of all holidays; they are the same each year."""
NONE = len(HOLIDAYS)
"""The code of a period without a holiday."""


def by_period(panel: Panel, periods: int) -> dict[str, NDArray[np.float32]]:
    """One value for each of `periods` periods from the panel's first, float32, by feature."""
    dates = panel.dates(0, periods + 1)
    days = dates.astype("datetime64[D]")
    of_year = (days - dates.astype("datetime64[Y]")).astype(int)
    found = {
        "weekday": (days.astype(int) + 3) % 7,
        "hour": (dates - days).astype("timedelta64[h]").astype(int),
        "day": (days - dates.astype("datetime64[M]")).astype(int),
        "year_sine": np.sin(2 * np.pi * of_year / 365.25),
        "year_cosine": np.cos(2 * np.pi * of_year / 365.25),
        "holiday": holiday_codes(dates),
        "next_holiday": np.append(holiday_codes(dates)[1:], NONE),
    }
    return {name: values[:periods].astype(np.float32) for name, values in found.items()}


def holiday_codes(dates: Dates) -> NDArray[np.int64]:
    """Code of the first holiday from each date until the next, `NONE` where there is none; a day for the last date."""
    days = dates.astype("datetime64[D]")
    lengths = np.append(np.maximum(np.diff(days) // DAY, 1), 1)
    starts: list[date] = days.astype(object).tolist()
    known = _days(range(starts[0].year, starts[-1].year + 2))
    return np.array([_first(known, start.toordinal(), int(length)) for start, length in zip(starts, lengths, strict=True)])


def _days(years: Sequence[int]) -> dict[int, int]:
    return {day.toordinal(): HOLIDAYS.index(name) for year in years for day, name in holidays(year).items()}


def _first(known: dict[int, int], start: int, length: int) -> int:
    return next((known[day] for day in range(start, start + length) if day in known), NONE)
