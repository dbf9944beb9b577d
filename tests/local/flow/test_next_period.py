"""The period that a demonstration adds goes on where the panel ends, and looks like its season."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from local.flow.next_period import PanelAbsentError, next_period
from ml_pipelines.forecasting.panel import Panel

MONDAY = np.datetime64("2024-01-01T00:00:00", "s")


def panel(y, *, season=7, days=1, frequency="daily"):
    series, periods = y.shape
    return Panel(
        unique_ids=tuple(f"s{index}" for index in range(series)),
        stores=tuple(f"store {index}" for index in range(series)),
        items=("item",) * series,
        ds=MONDAY + np.arange(periods) * np.timedelta64(days, "D").astype("timedelta64[s]"),
        y=y.astype(np.float32),
        covariates={"price": np.tile(np.arange(periods, dtype=np.float32), (series, 1))},
        frequency=frequency,
        season=season,
    )


def test_the_period_after_the_last_one_is_added_for_each_series():
    made = next_period(panel(np.full((3, 28), 5.0)))
    assert made["date"].to_pylist() == ["2024-01-29 00:00:00"] * 3
    assert made["store"].to_pylist() == ["store 0", "store 1", "store 2"]
    assert made["price"].to_pylist() == [21.0] * 3


def test_a_series_that_has_ended_stays_ended():
    y = np.full((2, 28), 5.0)
    y[1, -1] = np.nan
    assert next_period(panel(y))["store"].to_pylist() == ["store 0"]


def test_sales_follow_the_same_weekday():
    y = np.tile([1000.0, 0, 0, 0, 0, 0, 0], (50, 4))
    assert min(next_period(panel(y))["sales"].to_pylist()) > 800
    assert max(next_period(panel(y[:, :22]))["sales"].to_pylist()) == 0


def test_a_panel_without_living_series_is_refused():
    with pytest.raises(PanelAbsentError, match="no series has a sale"):
        next_period(panel(np.full((2, 28), np.nan)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 40), st.integers(1, 12))
def test_any_panel_goes_on_with_counts(series, periods, season):
    made = next_period(panel(np.ones((series, periods)), season=min(season, periods), days=7, frequency="weekly"))
    assert made.num_rows == series
    assert all(value >= 0 and value == int(value) for value in made["sales"].to_pylist())
    expected = MONDAY + np.timedelta64(7 * periods if periods > 1 else 1, "D")
    assert made["date"][0].as_py()[:10] == str(expected)[:10]
