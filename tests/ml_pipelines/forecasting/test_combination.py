"""The rung that averages others: what it says, and when it is tried."""

import numpy as np

from ml_pipelines.forecasting.combination import MEMBERS, Combination
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import fitted, train

RECIPE = Recipe(rounds=20, least_rows=20)


def test_it_says_the_mean_of_what_its_members_say(panel):
    made = panel()
    alone = [fitted(rung, made, RECIPE, 226, 14, 0).forecast(made, 226, 14, 0) for rung in MEMBERS]
    both = fitted("combination", made, RECIPE, 226, 14, 0)
    assert isinstance(both, Combination)
    np.testing.assert_allclose(both.forecast(made, 226, 14, 0), (alone[0] + alone[1]) / 2, rtol=1e-6)
    assert not np.allclose(alone[0], alone[1])


def test_it_is_tried_only_where_a_recipe_names_it(panel):
    made = panel()
    assert "combination" not in train(made, RECIPE, 14, 0).chosen_by
    named = Recipe.of('{"rounds": 20, "least_rows": 20, "rungs": ["multiplicative_level", "combination"]}')
    assert list(train(made, named, 14, 0).chosen_by) == ["multiplicative_level", "combination"]
