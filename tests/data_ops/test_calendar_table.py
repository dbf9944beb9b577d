"""The calendar has every period once, and holidays on their true days."""

# ruff: noqa: DTZ001 - the engine's times are plain, and mean UTC

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from data_ops.calendar_table import SCHEMA, CalendarTooLongError, MonthDayError, build
from data_ops.frequency import DAY, HOUR, WEEK, Frequency
from data_ops.holidays import easter, holidays, nth_weekday


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_days_are_counted_and_described():
    rows = build(Frequency(seconds=DAY), at(2024, 2, 28), at(2024, 3, 2)).to_pylist()
    leap, first = rows[1], rows[2]
    assert [row["period"] for row in rows[:3]] == [0, 1, 2]
    assert (leap["ds"], leap["dow"], leap["doy"], leap["week"], leap["quarter"]) == (at(2024, 2, 29), 4, 60, 9, 1)
    assert (first["month"], first["day"], first["year"], first["hour"]) == (3, 1, 2024, 0)
    assert rows[-1]["ds"] == at(2024, 3, 2) + timedelta(days=366)


def test_a_holiday_is_told_on_its_day_and_in_its_week():
    days = {row["ds"].date(): row for row in build(Frequency(seconds=DAY), at(2024, 1, 1), at(2024, 12, 31)).to_pylist()}
    assert (days[date(2024, 12, 25)]["holiday"], days[date(2024, 12, 25)]["holidays"]) == ("christmas", 1)
    assert (days[date(2024, 12, 26)]["holiday"], days[date(2024, 12, 26)]["holidays"]) == (None, 0)
    weeks = {row["ds"].date(): row for row in build(Frequency(seconds=WEEK), at(2024, 1, 4), at(2024, 12, 26)).to_pylist()}
    assert (weeks[date(2024, 12, 19)]["holiday"], weeks[date(2024, 12, 19)]["holidays"]) == ("christmas_eve", 2)


@pytest.mark.parametrize(
    ("first", "months", "expected"),
    [
        (at(2024, 1, 31), 1, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]),
        (at(2024, 11, 1), 1, ["2024-11-01", "2024-12-01", "2025-01-01", "2025-02-01"]),
        (at(2024, 6, 30), 3, ["2024-06-30", "2024-09-30", "2024-12-31", "2025-03-31"]),
        (at(2024, 5, 15), 12, ["2024-05-15", "2025-05-15"]),
    ],
)
def test_months_keep_their_day_or_their_end(first, months, expected):
    rows = build(Frequency(months=months), first, first).to_pylist()
    assert [f"{row['ds']:%Y-%m-%d}" for row in rows[: len(expected)]] == expected


def test_a_monthly_grid_on_a_day_that_february_lacks_is_refused():
    with pytest.raises(MonthDayError, match="month ends"):
        build(Frequency(months=1), at(2024, 1, 30), at(2024, 3, 30))


def test_a_calendar_of_too_many_periods_is_refused():
    with pytest.raises(CalendarTooLongError, match="hourly"):
        build(Frequency(seconds=HOUR), at(1970, 1, 1), at(2300, 1, 1))


@settings(deadline=None)
@given(
    st.sampled_from([Frequency(seconds=HOUR), Frequency(seconds=DAY), Frequency(seconds=WEEK), Frequency(months=1)]),
    st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)),
    st.integers(0, 40),
)
def test_a_calendar_starts_on_its_first_date_rises_and_reaches_past_its_last(frequency, moment, days):
    first = moment.replace(minute=0, second=0, microsecond=0, day=min(moment.day, 28), tzinfo=UTC)
    table = build(frequency, first, first + timedelta(days=days))
    stamps = table["ds"].to_pylist()
    assert table.schema == SCHEMA
    assert stamps[0] == first
    assert all(one < two for one, two in pairwise(stamps))
    assert stamps[-1] > first + timedelta(days=days)


@pytest.mark.parametrize(
    ("year", "month", "day"), [(1990, 4, 15), (2000, 4, 23), (2008, 3, 23), (2024, 3, 31), (2025, 4, 20), (2038, 4, 25)]
)
def test_easter_is_where_the_church_has_it(year, month, day):
    assert easter(year) == date(year, month, day)


def test_moving_holidays_of_2024_are_on_their_days():
    known = {name: day for day, name in holidays(2024).items()}
    assert known["thanksgiving"] == date(2024, 11, 28)
    assert known["memorial"] == date(2024, 5, 27)
    assert known["labor"] == date(2024, 9, 2)
    assert known["martin_luther_king"] == date(2024, 1, 15)
    assert nth_weekday(2024, 3, 0, 0) == date(2024, 2, 26)
