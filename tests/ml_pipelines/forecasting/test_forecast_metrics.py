"""Errors are what their formulas say, and unknown sales do not count."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ml_pipelines.forecasting.metrics import measure

CELLS = st.lists(st.tuples(st.floats(0, 1e4, width=32), st.floats(0, 1e4, width=32)), min_size=1, max_size=30)


def arrays(cells):
    y, f = np.array(cells, dtype=np.float64).T
    return y[None], f[None]


def test_the_figures_of_a_small_example():
    found = measure(
        np.array([10.0, 0.0, 20.0]), np.array([12.0, 1.0, 15.0]), np.array([9.0, 0.0, 16.0]), np.array([11.0, 1.0, 21.0])
    )
    assert found["wape"] == pytest.approx(8 / 30)
    assert found["smape"] == pytest.approx((4 / 22 + 2 + 10 / 35) / 3)
    assert found["mape"] == pytest.approx((0.2 + 0.25) / 2)
    assert found["bias"] == pytest.approx(-2 / 30)
    assert found["coverage"] == 1.0
    assert found["interval_score"] == pytest.approx((2 + 1 + 5) / 30)


def test_a_sale_outside_its_interval_costs_twenty_times_the_distance():
    y, point = np.array([10.0, 10.0, 10.0]), np.array([10.0, 5.0, 15.0])
    found = measure(y, point, point - 3, point + 3)
    assert found["coverage"] == pytest.approx(1 / 3)
    assert found["interval_score"] == pytest.approx((3 * 6 + 20 * 2 * 2) / 30)


def test_of_all_widths_the_true_quantiles_score_best():
    y = np.random.default_rng(3).normal(100, 10, 200_000)
    scores = {z: measure(y, y * 0 + 100, y * 0 + 100 - 10 * z, y * 0 + 100 + 10 * z)["interval_score"] for z in (1.2, 1.645, 2.2)}
    assert min(scores, key=scores.__getitem__) == 1.645


@given(CELLS)
def test_the_figures_are_those_of_plain_python(cells):
    found = measure(*arrays(cells), None, None)
    total = sum(y for y, _ in cells)
    if total > 1e-3:
        assert found["wape"] == pytest.approx(sum(abs(f - y) for y, f in cells) / total)
        assert found["bias"] == pytest.approx(sum(f - y for y, f in cells) / total, abs=1e-9)
    assert found["smape"] == pytest.approx(sum(2 * abs(f - y) / (f + y) if f + y else 0 for y, f in cells) / len(cells))
    assert 0 <= found["smape"] <= 2


@given(CELLS, st.floats(0, 1e4))
def test_unknown_sales_change_nothing(cells, forecast):
    y, f = arrays(cells)
    more = measure(np.append(y, np.nan), np.append(f, forecast), None, None)
    assert more == pytest.approx(measure(y.ravel(), f.ravel(), None, None), nan_ok=True)


@given(CELLS)
def test_a_perfect_forecast_has_no_error_and_full_coverage(cells):
    y, _ = arrays(cells)
    found = measure(y, y, y, y)
    assert found["coverage"] == 1.0
    assert found["smape"] == 0.0
    assert y.sum() == 0 or found["wape"] == found["bias"] == 0.0
