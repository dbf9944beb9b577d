"""Features know only the past, and say what they say in plain arithmetic."""

# ruff: noqa: DTZ001 - the engine's times are plain, and mean UTC

from datetime import UTC, datetime, timedelta
from statistics import mean, stdev

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from data_ops import calendar_table
from data_ops.engine import load
from data_ops.features import FeatureSet, feature_set, features
from data_ops.frequency import DAY, Frequency

FIRST = datetime(2024, 1, 1)
WANTED = FeatureSet(lags=(1, 2, 7), windows=(3, 7))
SCHEMA = pa.schema(
    [
        ("unique_id", pa.string()),
        ("ds", pa.timestamp("us")),
        ("y", pa.float64()),
        ("imputed", pa.bool_()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("period", pa.int64()),
        ("price", pa.float64()),
    ]
)


@pytest.fixture
def calendar(backend):
    first = FIRST.replace(tzinfo=UTC)
    built = calendar_table.build(Frequency(seconds=DAY), first, first + timedelta(days=60))
    return load(backend, "calendar", built.to_reader())


@pytest.fixture
def made(frame, calendar):
    """Features of series given as lists of sales, None where nothing arrived."""

    def make(series, wanted=WANTED):
        rows = [
            {
                "unique_id": name,
                "ds": FIRST + timedelta(days=day),
                "y": y or 0.0,
                "imputed": y is None,
                "store": "1",
                "item": name,
                "period": day,
                "price": float(day),
            }
            for name, sales in series.items()
            for day, y in enumerate(sales)
        ]
        found = features(frame(rows, SCHEMA), calendar, wanted).to_pyarrow().to_pylist()
        return {(row["unique_id"], row["period"]): row for row in found}

    return make


SALES = st.lists(st.none() | st.integers(0, 99).map(float), min_size=2, max_size=25)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from("abc"), SALES, min_size=1), st.data())
def test_cutting_off_or_changing_the_future_changes_no_feature(made, series, data):
    cut = data.draw(st.integers(1, max(len(sales) for sales in series.values())))
    whole = made(series)
    before = {name: sales[:cut] for name, sales in series.items()}
    other = {name: sales[:cut] + [77.0] * len(sales[cut:]) for name, sales in series.items()}
    for key, row in made(before).items():
        assert row == whole[key]
    for (name, period), row in made(other).items():
        if period <= cut:
            known = {column: row[column] for column in WANTED.names}
            assert known == {column: whole[name, period][column] for column in WANTED.names}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SALES)
def test_lags_and_rolling_statistics_are_those_of_plain_python(made, sales):
    found = made({"a": sales})
    for day in range(len(sales)):
        row = found["a", day]
        for lag in WANTED.lags:
            assert row[f"lag_{lag}"] == (sales[day - lag] if day >= lag else None)
        for size in WANTED.windows:
            past = [y for y in sales[max(0, day - size) : day] if y is not None]
            assert row[f"mean_{size}"] == (pytest.approx(mean(past)) if past else None)
            assert row[f"std_{size}"] == (pytest.approx(stdev(past), abs=1e-9) if len(past) > 1 else None)


def test_the_days_own_price_and_calendar_stand_beside_the_past(made):
    row = made({"a": [1.0, 2.0, 3.0]})["a", 2]
    assert (row["price"], row["dow"], row["doy"], row["year"]) == (2.0, 3, 3, 2024)
    assert list(row) == [
        *("unique_id", "ds", "y", "imputed", "store", "item", "period"),
        *WANTED.names,
        *("hour", "dow", "day", "doy", "week", "month", "quarter", "year", "holidays", "holiday"),
        "price",
    ]


@pytest.mark.parametrize(
    ("season", "periods", "lags", "windows"),
    [
        (7, 1826, (1, 7, 14, 28), (7, 28)),
        (1, 121, (1, 2, 4), (2, 4)),
        (52, 260, (1, 2, 4, 52, 104), (2, 4, 52)),
        (12, 60, (1, 12, 24), (12,)),
        (7, 20, (1, 7), (7,)),
        (7, 1, (1,), ()),
    ],
)
def test_lags_and_windows_are_multiples_of_the_season_within_reach(season, periods, lags, windows):
    chosen = feature_set(season, periods)
    assert (chosen.lags, chosen.windows) == (lags, windows)
