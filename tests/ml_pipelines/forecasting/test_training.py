"""The ladder is fitted, the cheapest rung that is not clearly beaten ships, and odd panels pass through it."""

from dataclasses import replace

import numpy as np
import pytest

from ml_pipelines.forecasting.gradient_boosting import ComputeMissingError
from ml_pipelines.forecasting.horizons import defaults
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.forecasting.models import load_forecaster
from ml_pipelines.forecasting.recipe import METRICS, RUNGS, Recipe, RecipeRefusedError
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.forecasting.training import HistoryTooShortError, choose, fitted, refit, train

RECIPE = Recipe(rounds=40, least_rows=20)


def figures(panel, trained):
    point = trained.forecaster.forecast(panel, trained.cutoff, trained.horizon, trained.gap)
    lower, upper = trained.intervals.bounds(point)
    return measure(panel.y[:, -trained.horizon :], point, lower, upper)


def test_the_released_model_uses_the_promotion_and_beats_the_naive(panel):
    made = panel()
    trained = train(made, RECIPE, 28, 0)
    assert trained.rung == "lightgbm"
    naive = SeasonalNaive(lag=7).forecast(made, trained.cutoff, 28, 0)
    found, floor = figures(made, trained), measure(made.y[:, -28:], naive, None, None)
    assert found["wape"] < 0.8 * floor["wape"]
    assert abs(found["bias"]) < 0.05
    assert 0.8 < found["coverage"] < 0.97
    promoted = made.covariates["promo"][:, -28:] > 0
    point = trained.forecaster.forecast(made, trained.cutoff, 28, 0)
    assert point[promoted].mean() > 1.4 * point[~promoted].mean()


@pytest.mark.parametrize("rungs", [RUNGS, ("seasonal_naive",), ("multiplicative_level",)])
def test_a_stored_model_forecasts_its_judged_window_as_its_recipe_fitted_there_again(panel, rungs, tmp_path):
    """Which is why a comparison of recipes takes it as the challenger of its first origin."""
    made, recipe = panel(), replace(RECIPE, rungs=rungs)
    trained = train(made, recipe, 14, 0, origins=2)
    trained.forecaster.save(tmp_path)
    stored = load_forecaster(trained.rung, tmp_path)
    told = rolled(lambda at: stored.forecast(made, at, 14, 0), trained.cutoff, 14, 2)
    assert np.array_equal(told, refit(made, recipe, trained.rung, trained.cutoff, 14, 0, origins=2))


@pytest.mark.parametrize(
    ("errors", "rung"),
    [
        ({"seasonal_naive": 0.5, "multiplicative_level": 0.3, "lightgbm": 0.2}, "lightgbm"),
        ({"seasonal_naive": 0.5, "multiplicative_level": 0.3, "lightgbm": 0.299}, "multiplicative_level"),
        ({"seasonal_naive": 0.2, "multiplicative_level": 0.3, "lightgbm": 0.2}, "seasonal_naive"),
        ({"lightgbm": 0.9}, "lightgbm"),
        ({"seasonal_naive": float("nan"), "lightgbm": 0.2}, "lightgbm"),
        ({"seasonal_naive": float("nan")}, "seasonal_naive"),
    ],
)
def test_a_dearer_rung_has_to_be_clearly_better(errors, rung):
    assert choose(errors) == rung


@pytest.mark.parametrize(("frequency", "periods"), [("weekly", 110), ("monthly", 72)])
def test_weekly_and_monthly_panels_train_at_their_own_horizon(panel, frequency, periods):
    made = panel(periods=periods, frequency=frequency)
    horizon, gap = defaults(frequency, made.season)
    found = figures(made, train(made, RECIPE, horizon, gap))
    assert found["wape"] < 0.5


@pytest.mark.parametrize("rung", RUNGS)
def test_series_without_sales_short_ones_and_gaps_get_finite_forecasts(panel, rung):
    made = panel()
    y = made.y.copy()
    y[0] = 0
    y[1, :-5] = np.nan
    y[2] = np.nan
    y[3, ::3] = np.nan
    holes = replace(made, y=y)
    point = fitted(rung, holes, RECIPE, 236, 28, 0).forecast(holes, 236, 28, 0)
    assert np.isfinite(point).all()
    assert (point >= 0).all()
    assert point[0].max() < 0.5
    known = np.nanmean(y[3, 200:236])
    assert 0.5 * known < point[3].mean() < 2 * known


@pytest.mark.parametrize("rung", RUNGS)
def test_new_series_are_forecast_from_their_own_history(panel, rung):
    made, others = panel(), panel(series=10, seed=9, prefix="new-")
    point = fitted(rung, made, RECIPE, 212, 28, 0).forecast(others, 212, 28, 0)
    found = measure(others.y[:, 212:], point, None, None)
    assert point.shape == (10, 28)
    assert found["wape"] < 0.6


@pytest.mark.parametrize("rung", RUNGS)
def test_forecasts_reach_beyond_the_panel_where_covariates_are_unknown(panel, rung):
    made = panel()
    point = fitted(rung, made, RECIPE, 240, 28, 2).forecast(made, 240, 28, 2)
    assert point.shape == (30, 28)
    assert np.isfinite(point).all()


def test_a_panel_without_covariates_trains(panel):
    made = replace(panel(), covariates={})
    assert figures(made, train(made, RECIPE, 28, 0))["wape"] < 0.6


def test_a_history_without_two_horizons_is_refused(panel):
    made = panel(periods=57)
    with pytest.raises(HistoryTooShortError, match="too short to train on"):
        train(made, RECIPE, 28, 0)
    assert train(panel(periods=58), RECIPE, 28, 0).cutoff == 30


@pytest.mark.parametrize(
    "overrides",
    [
        "[]",
        "{",
        '{"round": 3}',
        '{"rungs": ["prophet"]}',
        '{"rungs": []}',
        '{"rounds": 0}',
        '{"objective": "log"}',
        '{"metric": "rmse"}',
        '{"row_share": 1.5}',
        '{"part_series": -1}',
        '{"compute": "tpu"}',
        '{"compute": "gpu", "rungs": ["seasonal_naive", "multiplicative_level"]}',
    ],
)
def test_a_recipe_of_unknown_members_or_values_is_refused(overrides):
    with pytest.raises(RecipeRefusedError, match="recipe can't be used"):
        Recipe.of(overrides)


def test_the_hash_of_a_recipe_is_that_of_its_members():
    assert Recipe.of("").hash == Recipe().hash
    assert Recipe.of('{"rounds": 3}').hash == Recipe(rounds=3).hash != Recipe().hash


def test_an_item_that_is_launched_late_leaves_the_others_forecast_as_they_were(panel):
    made = panel(periods=400)
    y = made.y.copy()
    y[:6, :300] = 0
    y[:6, 300:] = 400
    launched = replace(made, y=y)
    trained = train(launched, Recipe(rounds=60, least_rows=20), 28, 0)
    assert trained.rung == "lightgbm"
    point = trained.forecaster.forecast(launched, trained.cutoff, 28, 0)
    found = measure(y[6:, -28:], point[6:], None, None)
    assert found["wape"] < 0.35
    assert abs(found["bias"]) < 0.05


@pytest.mark.parametrize("metric", METRICS)
def test_the_model_that_is_fitted_for_a_metric_errs_least_by_it_and_chooses_by_it(panel, metric):
    made = panel(series=60)
    trained = train(made, replace(RECIPE, metric=metric), 28, 0)
    assert trained.rung == "lightgbm"
    point = trained.forecaster.forecast(made, trained.cutoff, 28, 0)
    found = measure(made.y[:, -28:], point, None, None)
    if metric in {"wape", "wmae", "wrmsse"}:
        assert abs(found["bias"]) < 0.03
    else:
        plain = train(made, RECIPE, 28, 0).forecaster.forecast(made, trained.cutoff, 28, 0)
        assert found[metric] < measure(made.y[:, -28:], plain, None, None)[metric]


def test_several_seeds_are_averaged_and_come_back_from_their_files(panel, tmp_path):
    made = panel()
    model = fitted("lightgbm", made, replace(RECIPE, seeds=2, metric="mape"), 200, 14, 0)
    model.save(tmp_path)
    assert len(list(tmp_path.glob("booster_*.txt"))) == 2
    again = load_forecaster("lightgbm", tmp_path)
    np.testing.assert_array_equal(again.forecast(made, 200, 14, 0), model.forecast(made, 200, 14, 0))


def test_a_gpu_that_is_not_there_is_told_with_what_to_do(panel):
    with pytest.raises(ComputeMissingError, match="Leave `compute` out"):
        fitted("lightgbm", panel(), replace(RECIPE, compute="gpu"), 200, 14, 0)
