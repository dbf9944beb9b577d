"""Generated sales scatter as promised at every level, and small panels of any length can be made."""

import numpy as np
import pytest

from data_ops.sources.generated import generate


def test_sales_scatter_around_their_means_as_negative_binomials_do_at_every_level():
    made = generate(stores=4, items=30, days=1000, seed=3)
    there = made.truth["available"].to_numpy(zero_copy_only=False)
    sales = made.sales["sales"].to_numpy()[there].astype(float)
    mean, dispersion = made.truth["mean"].to_numpy()[there], made.truth["dispersion"].to_numpy()[there]
    variance = mean + mean**2 / dispersion
    for low, high in ((0, 2), (2, 10), (10, 30), (30, 1e9)):
        band = (mean >= low) & (mean < high)
        assert band.sum() > 1000
        assert sales[band].mean() == pytest.approx(mean[band].mean(), rel=0.03)
        assert np.mean((sales[band] - mean[band]) ** 2 / variance[band]) == pytest.approx(1, abs=0.06)


def test_saturdays_sell_more_than_tuesdays_and_christmas_sells_hardly():
    made = generate(stores=3, items=20, days=730, seed=2)
    by_day = made.truth["mean"].to_numpy().reshape(-1, 730).mean(0)
    days = made.sales["date"].to_pylist()[:730]
    weekday = np.array([day.weekday() for day in days])
    assert by_day[weekday == 5].mean() > 1.3 * by_day[weekday == 1].mean()
    assert max(by_day[index] for index, day in enumerate(days) if (day.month, day.day) == (12, 25)) < 0.2 * by_day.mean()


@pytest.mark.parametrize("days", [1, 2, 3, 8, 91, 182])
def test_short_panels_can_be_made(days):
    made = generate(stores=1, items=1, days=days)
    assert made.sales.num_rows == made.truth.num_rows == days
