"""A panel in parts is forecast as it is in one, as far as nothing is pooled over a store."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings, strategies as st

from ml_pipelines.forecasting import gradient_boosting, partitions as cut
from ml_pipelines.forecasting.gradient_boosting import GradientBoosting, training_rows
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.partitions import partitions, share
from ml_pipelines.forecasting.recipe import Recipe

RECIPE = Recipe(rounds=20, least_rows=20)


@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=20), most=st.integers(1, 30))
def test_parts_hold_every_series_once_and_each_item_whole(sizes, most):
    names = [f"i{index}" for index, size in enumerate(sizes) for _ in range(size)]
    items = tuple(map(str, np.random.default_rng(1).permutation(names)))
    made = Panel(
        unique_ids=items,
        stores=items,
        items=items,
        ds=np.arange(2).astype("datetime64[s]"),
        y=np.zeros((len(items), 2), dtype=np.float32),
        covariates={},
        frequency="daily",
        season=7,
    )
    found = partitions(made, most)
    assert sorted(np.concatenate(found)) == list(range(sum(sizes)))
    of_item = {}
    for number, part in enumerate(found):
        assert len(part) <= most or len({items[row] for row in part}) == 1 or len(found) == 1
        for row in part:
            assert of_item.setdefault(items[row], number) == number


def test_parts_are_as_few_as_can_be_and_as_even(panel):
    made = panel(series=250)
    assert [len(part) for part in partitions(made, 120)] == [85, 85, 80]
    assert [len(part) for part in partitions(made, 84)] == [65, 65, 65, 55]


def test_a_small_panel_is_one_part_in_its_own_order(panel):
    (only,) = partitions(panel())
    np.testing.assert_array_equal(only, np.arange(30))


def test_in_parts_features_and_forecasts_are_those_of_the_whole(panel, monkeypatch):
    made = replace(panel(), covariates={})
    whole = GradientBoosting.fit(made, RECIPE, 200, 14, 0)
    rows = training_rows(made.until(200), RECIPE, 1, 0)
    told = whole.forecast(made, 200, 14, 0)
    monkeypatch.setattr(gradient_boosting, "partitions", lambda given: partitions(given, 10))
    np.testing.assert_array_equal(whole.forecast(made, 200, 14, 0), told)
    parts = training_rows(made.until(200), RECIPE, 1, 0)
    for name in ("y", "weight"):
        one, other = (np.sort(getattr(given.targets, name)) for given in (parts, rows))
        np.testing.assert_array_equal(one, other)
    one, other = (given.x[np.lexsort(given.x.T)] for given in (parts, rows))
    np.testing.assert_array_equal(one, other)


def test_of_a_large_panel_a_share_of_the_rows_is_drawn(panel, monkeypatch):
    made = panel().until(200)
    whole = len(training_rows(made, RECIPE, 14, 0).x)
    monkeypatch.setattr(gradient_boosting, "share", lambda given, oldest: share(given, oldest, 1000))
    assert 850 < len(training_rows(made, RECIPE, 14, 0).x) < 1150 < whole
    assert cut.share(made, 25) == 1.0
