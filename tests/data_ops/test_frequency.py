"""Frequency and season are read from dates and sales; mixtures are refused."""

# ruff: noqa: DTZ001 - the engine's times are plain, and mean UTC

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from data_ops.frequency import DAY, HOUR, WEEK, Frequency, FrequencyMixedError, FrequencyUnknownError, Steps, infer, season, steps

DAILY, WEEKLY, MONTHLY = Frequency(seconds=DAY), Frequency(seconds=WEEK), Frequency(months=1)


def one(days, count=100, series=10, steady=10):
    return Steps(seconds=days * DAY, count=count, series=series, steady=steady)


@pytest.fixture
def found(frame):
    """Steps of series given as lists of dates."""

    def run(*series):
        cells = [{"unique_id": str(number), "ds": date} for number, dates in enumerate(series) for date in dates]
        schema = pa.schema([("unique_id", pa.string()), ("ds", pa.timestamp("us"))])
        return [Steps(**row) for row in steps(frame(cells, schema)).to_pyarrow().to_pylist()]

    return run


def every(step, count, start=datetime(2024, 1, 1)):
    return [start + step * index for index in range(count)]


def months(count, day=1):
    return [datetime(2020 + index // 12, index % 12 + 1, day) for index in range(count)]


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (every(timedelta(minutes=15), 20), Frequency(seconds=900)),
        (every(timedelta(hours=1), 20), Frequency(seconds=HOUR)),
        (every(timedelta(days=1), 20), DAILY),
        (every(timedelta(days=7), 20), WEEKLY),
        (every(timedelta(days=28), 20), Frequency(seconds=28 * DAY)),
        (months(20), MONTHLY),
        (months(20, day=15), MONTHLY),
        (months(40)[::3], Frequency(months=3)),
        (months(80)[::12], Frequency(months=12)),
    ],
)
def test_regular_dates_say_their_frequency(found, dates, expected):
    assert infer(found(dates, dates[:-3])) == expected


def test_gaps_do_not_change_the_frequency(found):
    weekly = [date for index, date in enumerate(every(timedelta(days=7), 60)) if index % 5]
    assert infer(found(weekly, weekly[3:])) == WEEKLY
    working = [date for date in every(timedelta(days=1), 100) if date.weekday() < 5]
    assert infer(found(working)) == DAILY


def test_series_of_different_frequencies_are_refused(found):
    mixed = found(every(timedelta(days=1), 50), every(timedelta(days=1), 50), every(timedelta(days=7), 20))
    with pytest.raises(FrequencyMixedError, match="weekly"):
        infer(mixed)


def test_a_series_that_changes_its_frequency_is_refused(found):
    weekly = every(timedelta(days=7), 30)
    daily = every(timedelta(days=1), 40, start=weekly[-1] + timedelta(days=1))
    with pytest.raises(FrequencyMixedError, match=r"daily.*weekly"):
        infer(found(weekly + daily))


def test_single_dates_have_no_frequency(found):
    with pytest.raises(FrequencyUnknownError, match="two"):
        infer(found([datetime(2024, 1, 1)], [datetime(2024, 1, 2)]))


@given(st.permutations([one(7, 900, 90, 60), one(14, 80, 3, 0), one(28, 20, 1, 0), one(35, 9, 0, 0), one(91, 2, 0, 0)]))
def test_the_order_of_the_counts_does_not_matter(counts):
    assert infer(counts) == WEEKLY


@pytest.mark.parametrize(
    ("frequency", "cycle"), [(Frequency(seconds=HOUR), 24), (DAILY, 7), (WEEKLY, 52), (MONTHLY, 12), (Frequency(months=3), 4)]
)
def test_a_cycle_that_the_sales_show_is_the_season(frequency, cycle):
    index = np.arange(5 * cycle)
    noise = np.random.default_rng(1).normal(0, 0.1, len(index))
    assert season(frequency, 100 + 0.2 * index + 5 * np.sin(2 * np.pi * index / cycle) + noise) == cycle


@pytest.mark.parametrize("frequency", [DAILY, WEEKLY, MONTHLY, Frequency(months=12)])
def test_sales_without_a_cycle_have_season_one(frequency):
    noise = np.random.default_rng(3).normal(50, 5, 400)
    assert season(frequency, noise) == 1
    assert season(frequency, np.full(400, 7.0)) == 1


def test_a_yearly_cycle_of_days_is_seen_when_weeks_show_none():
    index = np.arange(1200)
    noise = np.random.default_rng(1).normal(0, 2, len(index))
    assert season(DAILY, 50 + 20 * np.sin(2 * np.pi * index / 365) + noise) in {7, 365}


def test_less_than_three_cycles_show_no_season():
    assert season(WEEKLY, np.sin(2 * np.pi * np.arange(150) / 52)) == 1


def test_frequencies_have_names():
    assert [kind.name for kind in (DAILY, MONTHLY, Frequency(seconds=2 * DAY))] == ["daily", "monthly", "every 172800 seconds"]
