"""The panel is read from rows in any order, and its dates go on beyond its end."""

import numpy as np
import pyarrow as pa
import pytest

from ml_pipelines.forecasting.panel import Panel

ROWS = pa.table(
    {
        "unique_id": ["2_a", "1_a", "1_a", "1_a", "2_a"],
        "ds": pa.array(np.array(["2024-01-07", "2024-01-06", "2024-01-05", "2024-01-07", "2024-01-06"], "datetime64[us]"), pa.timestamp("us", "UTC")),
        "y": [5.0, 0.0, 1.0, 3.0, 4.0],
        "imputed": [False, True, False, False, False],
        "store": ["2", "1", "1", "1", "2"],
        "item": ["a"] * 5,
        "period": [6, 5, 4, 6, 5],
        "lag_1": [4.0, 1.0, None, None, None],
        "mean_7": [4.0, 1.0, None, None, None],
        "dow": [7, 6, 5, 7, 6],
        "holiday": [None, None, None, "epiphany", None],
        "price": [2.0, None, 1.0, 1.5, 2.5],
        "colour": ["red"] * 5,
    }
)  # fmt: skip


def test_rows_in_any_order_become_series_by_periods():
    made = Panel.of_features(ROWS.to_reader(max_chunksize=2), frequency="daily", season=7)
    assert (made.unique_ids, made.stores, made.items) == (("1_a", "2_a"), ("1", "2"), ("a", "a"))
    np.testing.assert_array_equal(made.y, [[1, np.nan, 3], [np.nan, 4, 5]])
    assert list(made.covariates) == ["price"]
    np.testing.assert_array_equal(made.covariates["price"], [[1, np.nan, 1.5], [np.nan, 2.5, 2]])
    assert [str(day)[:10] for day in made.ds] == ["2024-01-05", "2024-01-06", "2024-01-07"]
    assert made.y.dtype == np.float32


@pytest.mark.parametrize(
    ("frequency", "first", "dates"),
    [
        ("monthly", ["2024-01-01", "2024-02-01", "2024-03-01"], ["2024-04-01", "2024-05-01"]),
        ("monthly", ["2023-12-31", "2024-01-31", "2024-02-29"], ["2024-03-31", "2024-04-30"]),
        ("quarterly", ["2024-01-15", "2024-04-15", "2024-07-15"], ["2024-10-15", "2025-01-15"]),
        ("weekly", ["2024-01-04", "2024-01-11", "2024-01-18"], ["2024-01-25", "2024-02-01"]),
        ("every 2 months", ["2024-01-01", "2024-03-01", "2024-05-01"], ["2024-07-01", "2024-09-01"]),
        ("hourly", ["2024-01-04T22", "2024-01-04T23", "2024-01-05T00"], ["2024-01-05T01", "2024-01-05T02"]),
    ],
)
def test_dates_beyond_the_end_keep_to_the_grid(frequency, first, dates):
    ds = np.array(first, "datetime64[s]")
    made = Panel(
        unique_ids=("a",),
        stores=("a",),
        items=("a",),
        ds=ds,
        y=np.zeros((1, 3), np.float32),
        covariates={},
        frequency=frequency,
        season=1,
    )
    np.testing.assert_array_equal(made.dates(0, 3), ds)
    np.testing.assert_array_equal(made.dates(3, 2), np.array(dates, "datetime64[s]"))
