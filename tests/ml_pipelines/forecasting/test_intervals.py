"""Intervals cover what they say, for slow and fast sellers."""

import json

import numpy as np
import pytest

from ml_pipelines.forecasting.intervals import Intervals, calibrate

MEANS = np.exp(np.random.default_rng(3).uniform(np.log(0.5), np.log(200), (400, 28)))


def sales(kind, seed):
    rng = np.random.default_rng(seed)
    if kind == "poisson":
        return rng.poisson(MEANS).astype(np.float32)
    return rng.poisson(rng.gamma(4.0, MEANS / 4.0)).astype(np.float32)


@pytest.mark.parametrize("kind", ["poisson", "overdispersed"])
def test_ninety_per_cent_of_new_sales_lie_inside(kind):
    lower, upper = calibrate(sales(kind, 1), MEANS).bounds(MEANS)
    y = sales(kind, 2)
    inside = (y >= lower) & (y <= upper)
    assert 0.87 <= inside.mean() <= 0.93
    large = np.quantile(MEANS, 0.5) < MEANS
    assert 0.87 <= inside[large].mean() <= 0.93


def test_slow_sellers_are_not_covered_more_than_asked():
    rng = np.random.default_rng(5)
    slow = np.exp(rng.uniform(np.log(0.5), np.log(4), (400, 28)))
    lower, upper = calibrate(rng.poisson(slow).astype(np.float32), slow).bounds(slow)
    y = rng.poisson(slow)
    assert 0.88 <= ((lower <= y) & (y <= upper)).mean() <= 0.925


def test_bounds_hold_the_forecast_and_never_sink_below_zero():
    biased = calibrate(sales("poisson", 1) * 3, MEANS)
    lower, upper = biased.bounds(MEANS)
    assert (lower <= MEANS + 1e-3).all()
    assert (upper >= MEANS - 1e-3).all()
    assert (lower >= 0).all()


def test_intervals_come_back_from_json():
    made = calibrate(sales("poisson", 1), MEANS)
    assert Intervals.of(json.loads(json.dumps(made.json()))) == made


def test_unknown_sales_are_left_out_and_none_give_the_forecast_itself():
    y = sales("poisson", 1)
    gaps = np.where(np.random.default_rng(1).random(y.shape) < 0.5, np.nan, y)
    lower, upper = calibrate(gaps, MEANS).bounds(MEANS)
    assert 0.87 <= ((y >= lower) & (y <= upper)).mean() <= 0.93
    nothing = calibrate(np.full_like(y, np.nan), MEANS)
    assert np.allclose(nothing.bounds(MEANS), MEANS)
