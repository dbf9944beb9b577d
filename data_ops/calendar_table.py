"""The calendar table: one row a period, with everything that only depends on the date.

Weekday, month and holiday are computed here once and joined, because engines number weekdays differently.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa

from contracts.errors import FourPartError
from data_ops.frequency import DAY, Frequency
from data_ops.holidays import holidays

MOST_PERIODS = 2_000_000
AHEAD_YEARS = 1
LAST_SAFE_DAY = 28

SCHEMA = pa.schema(
    [
        ("period", pa.int64()),
        ("ds", pa.timestamp("us", "UTC")),
        ("hour", pa.int32()),
        ("dow", pa.int32()),
        ("day", pa.int32()),
        ("doy", pa.int32()),
        ("week", pa.int32()),
        ("month", pa.int32()),
        ("quarter", pa.int32()),
        ("year", pa.int32()),
        ("holidays", pa.int32()),
        ("holiday", pa.string()),
    ]
)
"""`period` counts from 0; `dow` is 1 (Monday) to 7, `week` the ISO week, `holidays` their number in the period,
`holiday` the first one's name."""


class CalendarTooLongError(FourPartError):
    """The dates span more periods than a calendar holds."""


class MonthDayError(FourPartError):
    """Monthly dates that are neither month ends nor the same day of each month."""


def build(frequency: Frequency, first: datetime, last: datetime) -> pa.Table:
    """Periods from `first` (a date on the grid) to `last`, and a year ahead for forecasts.

    Raises:
        CalendarTooLongError: when there would be more than `MOST_PERIODS`.
        MonthDayError: when a monthly grid starts on a day that not every month has.
    """
    ahead = last + timedelta(days=366 * AHEAD_YEARS)
    wanted = (ahead - first).total_seconds() / (365.2425 * DAY) * frequency.periods_per_year
    if wanted > MOST_PERIODS:
        raise CalendarTooLongError(
            "The dates span too many periods.",
            given=f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}, {frequency.name}: {wanted:,.0f} periods",
            allowed=f"at most {MOST_PERIODS:,}",
            remedy="Look for a wrong date, or bring the sales to a longer period.",
        )
    starts = _monthly(first, ahead, frequency.months) if frequency.months else _fixed(first, ahead, frequency.seconds)
    return _rows(starts)


def _fixed(first: datetime, last: datetime, seconds: int) -> list[datetime]:
    return [first + timedelta(seconds=seconds * index) for index in range(int((last - first).total_seconds()) // seconds + 1)]


def _monthly(first: datetime, last: datetime, months: int) -> list[datetime]:
    ends = (first + timedelta(days=1)).day == 1
    if not ends and first.day > LAST_SAFE_DAY:
        raise MonthDayError(
            "Monthly dates must be the same day of each month, or each month's last day.",
            given=f"{first:%Y-%m-%d}",
            allowed="day 1 to 28, or month ends",
            remedy="Bring the dates to the first day of their month.",
        )
    starts: list[datetime] = []
    count = first.year * 12 + first.month - 1
    while not starts or starts[-1] < last:
        year, month = divmod(count, 12)
        starts.append(_month_end(first, year, month + 1) if ends else first.replace(year=year, month=month + 1))
        count += months
    return starts


def _month_end(first: datetime, year: int, month: int) -> datetime:
    following = first.replace(year=year + month // 12, month=month % 12 + 1, day=1)
    return following - timedelta(days=1)


def _rows(starts: list[datetime]) -> pa.Table:
    named = _holidays_by_period(starts)
    stamps = np.array([start.replace(tzinfo=None) for start in starts], dtype="datetime64[us]")
    fields = {
        "period": range(len(starts)),
        "ds": stamps,
        "hour": [start.hour for start in starts],
        "dow": [start.isoweekday() for start in starts],
        "day": [start.day for start in starts],
        "doy": [start.timetuple().tm_yday for start in starts],
        "week": [start.isocalendar().week for start in starts],
        "month": [start.month for start in starts],
        "quarter": [(start.month + 2) // 3 for start in starts],
        "year": [start.year for start in starts],
        "holidays": [len(names) for names in named],
        "holiday": [names[0] if names else None for names in named],
    }
    return pa.table({name: pa.array(values, type=SCHEMA.field(name).type) for name, values in fields.items()}, schema=SCHEMA)


def _holidays_by_period(starts: list[datetime]) -> list[list[str]]:
    """Names of the holidays in each period; a period ends where the next one starts, the last one is as long as the one before."""
    known = {day: name for year in range(starts[0].year, starts[-1].year + 2) for day, name in holidays(year).items()}
    length = starts[-1] - starts[-2] if len(starts) > 1 else timedelta(days=1)
    return [_within(known, begin, end) for begin, end in pairwise([*starts, starts[-1] + length])]


def _within(known: dict[date, str], begin: datetime, end: datetime) -> list[str]:
    days = max(1, -(-int((end - begin).total_seconds()) // DAY))
    candidates = (begin.date() + timedelta(days=index) for index in range(days))
    return [known[day] for day in candidates if day in known]


def utc(stamp: datetime) -> datetime:
    """A naive engine timestamp as UTC."""
    return stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
