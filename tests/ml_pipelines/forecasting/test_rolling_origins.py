"""Short horizons are judged from several origins, and no origin sees what came after it."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ml_pipelines.forecasting.horizons import JUDGED_PERIODS, origins
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.forecasting.training import train


@pytest.mark.parametrize(
    ("periods", "horizon", "gap", "expected"),
    [(1826, 28, 0, 1), (121, 2, 1, 6), (120, 3, 0, 4), (8760, 48, 0, 1), (30, 2, 1, 3), (8, 2, 0, 1), (4, 2, 1, 1)],
)
def test_as_many_origins_as_make_a_quarter_of_weeks_or_a_year_of_months(periods, horizon, gap, expected):
    assert origins(periods, horizon, gap) == expected


@given(st.integers(1, 3000), st.integers(1, 60), st.integers(0, 10))
def test_two_windows_take_half_of_the_panel_at_most_unless_one_origin_is_more(periods, horizon, gap):
    found = origins(periods, horizon, gap)
    assert 1 <= found <= max(1, -(-JUDGED_PERIODS // horizon))
    assert found == 1 or 2 * (found * horizon + gap) <= periods / 2


def test_each_origin_forecasts_from_what_was_known_by_then(panel):
    made, naive = panel(periods=120), SeasonalNaive(lag=7)
    found = rolled(lambda at: naive.forecast(made, at, 2, 0), 100, 2, 3)
    apart = [naive.forecast(made.until(at), at, 2, 0) for at in (100, 102, 104)]
    assert np.array_equal(found, np.concatenate(apart, axis=1))


@pytest.mark.parametrize("rung", ["multiplicative_level", "lightgbm"])
def test_what_is_sold_after_an_origin_changes_nothing_of_its_forecast(panel, rung):
    made = panel(series=12, periods=120, frequency="weekly")
    recipe = Recipe.of(f'{{"rungs": ["{rung}"]}}')
    first = train(made, recipe, 2, 1, origins=3)
    later = made.y.copy()
    later[:, first.cutoff :] *= 7
    changed = type(made)(**{**vars(made), "y": later})
    again = train(changed, recipe, 2, 1, origins=3)
    assert again.cutoff == first.cutoff == made.periods - 3 * 2 - 1
    assert np.array_equal(
        first.forecaster.forecast(made, first.cutoff, 2, 1), again.forecaster.forecast(changed, again.cutoff, 2, 1)
    )
    assert first.intervals == again.intervals
