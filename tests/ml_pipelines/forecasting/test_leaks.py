"""A canary that knows the future is found, whichever period it tells of; honest covariates and models are not accused."""

from dataclasses import replace

import numpy as np
import pytest

from ml_pipelines.forecasting.leaks import leaks
from ml_pipelines.forecasting.recipe import RUNGS, Recipe
from ml_pipelines.forecasting.training import fitted

CUTOFF, HORIZON, GAP = 200, 14, 1


def naive(panel):
    return panel.y[:, CUTOFF - HORIZON : CUTOFF]


def with_canary(panel, shift, *, scale=1.0, noise=0.0):
    """A covariate that is sales `shift` periods later."""
    y = np.roll(panel.y, -shift, axis=1) * scale
    if shift:
        y[:, -shift if shift > 0 else 0 : None if shift > 0 else -shift] = np.nan
    canary = y + np.random.default_rng(1).normal(0, noise, y.shape) if noise else y
    return replace(panel, covariates={**panel.covariates, "canary": canary.astype(np.float32)})


@pytest.mark.parametrize("shift", [-14, -1, 0, 1, 2, 14])
def test_a_covariate_that_is_sales_not_yet_known_is_named(panel, shift):
    told = {0: "of the same period"}.get(shift, f"{abs(shift)} periods {'later' if shift > 0 else 'before'}")
    (found,) = leaks(with_canary(panel(), shift, scale=3.5), CUTOFF, HORIZON, GAP, naive)
    assert found.startswith(f"covariate canary is sales {told}")


def test_a_canary_with_some_noise_is_named_still(panel):
    assert leaks(with_canary(panel(), 1, noise=0.3), CUTOFF, HORIZON, GAP, naive)


def test_sales_of_periods_that_are_known_by_then_are_a_covariate_like_others(panel):
    assert leaks(with_canary(panel(), -HORIZON - GAP), CUTOFF, HORIZON, GAP, naive) == ()


@pytest.mark.parametrize("rung", RUNGS)
def test_no_rung_of_the_ladder_looks_past_its_cutoff(panel, rung):
    made = panel()
    model = fitted(rung, made, Recipe(rounds=20, least_rows=20), CUTOFF, HORIZON, GAP)
    assert leaks(made, CUTOFF, HORIZON, GAP, lambda given: model.forecast(given, CUTOFF, HORIZON, GAP)) == ()


@pytest.mark.parametrize("peek", [0, 5, HORIZON])
def test_a_model_that_looks_past_its_cutoff_is_found(panel, peek):
    made = panel()
    assert leaks(made, CUTOFF, HORIZON, GAP, lambda given: np.nan_to_num(given.y[:, CUTOFF + peek : CUTOFF + peek + HORIZON]))


def test_a_promotion_that_drives_sales_and_a_season_that_price_follows_are_no_leaks(panel):
    made = panel(periods=90, frequency="monthly")
    season = np.sin(2 * np.pi * np.arange(90) / 12) * np.ones((30, 1))
    priced = replace(made, covariates={**made.covariates, "price": season.astype(np.float32)})
    assert leaks(priced, 60, 3, 0, lambda given: given.y[:, 57:60]) == ()
