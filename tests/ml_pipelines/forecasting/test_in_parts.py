"""A model in parts is what each part's own model says, wherever it was fitted, and comes back from its files."""

from dataclasses import replace

import numpy as np
import pytest

from ml_pipelines.forecasting.artefact import ArtefactBrokenError, load_artefact, save_artefact
from ml_pipelines.forecasting.in_parts import InParts
from ml_pipelines.forecasting.models import load_forecaster
from ml_pipelines.forecasting.partitions import firsts, located, partitions
from ml_pipelines.forecasting.recipe import RUNGS, Recipe
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.training import fitted, refit, train

RECIPE = Recipe(rounds=20, least_rows=20, part_series=10)
WHOLE = replace(RECIPE, part_series=0)


@pytest.mark.parametrize("rung", RUNGS)
def test_each_part_is_fitted_and_forecast_as_a_panel_of_its_own(panel, rung):
    made = panel()
    point = fitted(rung, made, RECIPE, 226, 14, 0).forecast(made, 226, 14, 0)
    parts = partitions(made, 10)
    assert len(parts) == 3
    for rows in parts:
        alone = made.only(rows)
        np.testing.assert_array_equal(point[rows], fitted(rung, alone, WHOLE, 226, 14, 0).forecast(alone, 226, 14, 0))


def test_a_panel_of_no_more_series_than_a_part_is_fitted_as_one(panel):
    made = panel()
    one = fitted("lightgbm", made, replace(RECIPE, part_series=30), 226, 14, 0)
    assert not isinstance(one, InParts)
    whole = fitted("lightgbm", made, WHOLE, 226, 14, 0)
    np.testing.assert_array_equal(one.forecast(made, 226, 14, 0), whole.forecast(made, 226, 14, 0))


@pytest.mark.parametrize("rung", RUNGS)
def test_a_stored_model_in_parts_forecasts_its_window_as_its_recipe_fitted_there_again(panel, rung, tmp_path):
    made, recipe = panel(), replace(RECIPE, rungs=(rung,))
    trained = train(made, recipe, 14, 0, origins=2)
    trained.forecaster.save(tmp_path)
    stored = load_forecaster(rung, tmp_path)
    assert isinstance(stored, InParts)
    told = rolled(lambda at: stored.forecast(made, at, 14, 0), trained.cutoff, 14, 2)
    assert np.array_equal(told, refit(made, recipe, rung, trained.cutoff, 14, 0, origins=2))


def test_a_series_of_an_unseen_item_is_forecast_by_the_part_of_the_item_before_it():
    first = ("b", "m", "s")
    assert located(["a", "b", "c", "m", "r", "z"], first).tolist() == [0, 0, 0, 1, 1, 2]


def test_new_series_go_to_the_part_of_their_item_and_other_series_change_nothing(panel):
    made = panel()
    model = fitted("lightgbm", made, RECIPE, 226, 14, 0)
    assert isinstance(model, InParts)
    rows = partitions(made, 10)[1]
    alone = made.only(rows)
    renamed = replace(alone, unique_ids=tuple(f"new_{name}" for name in alone.unique_ids))
    told = model.forecast(renamed, 226, 14, 0)
    np.testing.assert_array_equal(told, model.parts[1].forecast(renamed, 226, 14, 0))
    np.testing.assert_array_equal(told, model.forecast(made, 226, 14, 0)[rows])


def test_the_first_items_are_those_of_ranges_whatever_the_order_of_series(panel):
    made = panel(series=60)
    mixed = made.only(np.random.default_rng(3).permutation(60))
    parts = partitions(mixed, 15)
    first = firsts(mixed, parts)
    assert first == tuple(sorted(first))
    for number, rows in enumerate(parts):
        assert set(located([mixed.items[row] for row in rows], first)) == {number}


def test_an_artefact_in_parts_is_read_back_and_a_missing_file_of_a_part_is_refused(panel, tmp_path):
    made = panel()
    trained = train(made, replace(RECIPE, rungs=("lightgbm",)), 14, 0)
    save_artefact(tmp_path, trained, data_version="silver/features@3", content_hash="abc")
    found = load_artefact(tmp_path).forecast(made, 226)
    np.testing.assert_array_equal(found.point, trained.forecaster.forecast(made, 226, 14, 0))
    (tmp_path / "part-00001" / "booster_0.txt").unlink()
    with pytest.raises(ArtefactBrokenError, match=r"part-00001/booster_0\.txt"):
        load_artefact(tmp_path)
