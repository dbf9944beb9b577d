"""A forecast knows nothing younger than its cutoff but what is known ahead."""

from dataclasses import replace

import numpy as np
import pytest

from ml_pipelines.forecasting.direct_features import matrix, names_of, sources
from ml_pipelines.forecasting.recipe import RUNGS, Recipe
from ml_pipelines.forecasting.training import fitted, train

RECIPE = Recipe(rounds=20, least_rows=20)
CUTOFF, HORIZON = 200, 14


@pytest.mark.parametrize("rung", RUNGS)
def test_other_sales_after_the_cutoff_change_no_forecast(panel, rung):
    whole = panel()
    y = whole.y.copy()
    y[:, CUTOFF:] = 999
    made = [
        fitted(rung, given, RECIPE, CUTOFF, HORIZON, 1).forecast(given, CUTOFF, HORIZON, 1)
        for given in (whole, replace(whole, y=y))
    ]
    np.testing.assert_array_equal(made[0], made[1])


def test_the_last_horizon_changes_nothing_of_what_is_trained(panel):
    whole = panel()
    y = whole.y.copy()
    y[:, -HORIZON:] = 999
    one, other = (train(given, RECIPE, HORIZON, 0) for given in (whole, replace(whole, y=y)))
    assert (one.rung, one.intervals, one.chosen_by) == (other.rung, other.intervals, other.chosen_by)


def test_features_are_those_of_the_panel_cut_off_at_the_cutoff(panel):
    whole = panel()
    row, step = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(1), indexing="ij"))
    cut = replace(whole.until(CUTOFF), covariates=whole.covariates)
    found = [
        matrix(sources(given, names_of(given), whole.periods), row, np.full(len(row), CUTOFF), CUTOFF + 3 + step)[0]
        for given in (whole, cut)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_a_feature_equal_to_the_future_would_be_seen(panel):
    whole = panel()
    row, target = np.arange(30), np.full(30, CUTOFF)
    found = sources(whole, names_of(whole), whole.periods)
    x, names = matrix(found, row, target, target)
    changed = whole.y.copy()
    changed[:, CUTOFF - 1] += 50
    moved, _ = matrix(sources(replace(whole, y=changed), names_of(whole), whole.periods), row, target, target)
    assert not np.array_equal(x[:, names.index("mean_7")], moved[:, names.index("mean_7")])
    assert np.array_equal(x[:, names.index("promo")], moved[:, names.index("promo")])
