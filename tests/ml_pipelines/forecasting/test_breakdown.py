"""Where errors lie, against the measure of each part alone."""

from __future__ import annotations

import numpy as np
import pytest

from ml_pipelines.forecasting.breakdown import Judgement, by_horizon, by_key, deciles, intervals_by_horizon
from ml_pipelines.forecasting.metrics import measure

STORES = ("2", "10", "2", "3")


@pytest.fixture
def judged() -> Judgement:
    """Four series at two origins of three periods; some sales are unknown, and the last series sells nothing."""
    random = np.random.default_rng(7)
    y = random.poisson(5, (4, 6)).astype(np.float32)
    y[0, 1] = y[1, :3] = np.nan
    y[3] = 0
    point = y + random.normal(0, 2, y.shape)
    point[0, 1] = 4
    return Judgement(y=y, point=point, lower=point - 2, upper=point + 2, points={"challenger": point}, horizon=3)


def test_figures_of_a_store_are_those_of_its_series_measured_alone(judged: Judgement) -> None:
    found = by_key(judged, STORES)
    assert list(found) == ["10", "2", "3"]
    for store in ("10", "2"):
        rows = [at for at, name in enumerate(STORES) if name == store]
        alone = measure(judged.y[rows], judged.point[rows], judged.lower[rows], judged.upper[rows])
        names = ("wape", "bias", "coverage", "interval_score")
        assert {name: found[store][name] for name in names} == pytest.approx({name: alone[name] for name in names})
        assert found[store]["series"] == len(rows)
    assert (found["3"]["wape"], found["3"]["bias"], found["3"]["sold"]) == (None, None, 0)


def test_a_series_that_sold_nothing_has_no_error_of_its_own(judged: Judgement) -> None:
    found = by_key(judged, ("a", "b", "c", "d"))
    assert (found["d"]["wape"], found["d"]["interval_score"]) == (None, None)
    assert found["d"]["coverage"] is not None
    assert found["c"]["wape"] == pytest.approx(measure(judged.y[2], judged.point[2], None, None)["wape"])


def test_errors_by_period_ahead_weigh_to_the_error_of_all(judged: Judgement) -> None:
    found = by_horizon(judged)["challenger"]
    assert len(found) == 3
    whole = measure(judged.y, judged.point, None, None)["wape"]
    assert np.mean([value for value in found if value is not None]) == pytest.approx(whole)


def test_without_sales_there_is_no_error_by_period(judged: Judgement) -> None:
    nothing = Judgement(
        y=judged.y * 0, point=judged.point, lower=judged.lower, upper=judged.upper, points=judged.points, horizon=3
    )
    assert by_horizon(nothing) == {"challenger": [None, None, None]}


def test_coverage_and_score_by_period_ahead_weigh_to_those_of_all(judged: Judgement) -> None:
    found = intervals_by_horizon(judged)
    known = np.isfinite(judged.y)
    weights = known.sum(axis=0).reshape(-1, 3).sum(axis=0)
    whole = measure(judged.y, judged.point, judged.lower, judged.upper)
    assert np.average([value or 0 for value in found["coverage"]], weights=weights) == pytest.approx(whole["coverage"])
    assert np.mean([value or 0 for value in found["interval_score"]]) == pytest.approx(whole["interval_score"])


def test_deciles_hold_a_tenth_of_the_series_each_the_slowest_first() -> None:
    found = deciles(np.arange(40)[::-1].astype(float))
    assert [found.count(str(number)) for number in range(1, 11)] == [4] * 10
    assert (found[0], found[-1]) == ("10", "1")
    assert deciles(np.array([5.0, np.nan, 7.0])) == ["4", "1", "7"]
