"""Which series are shown and what of them: real outputs of the training steps, a real panel, real published forecasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given, strategies as st

from contracts.events import DataVersion
from local.report.forecasts import Tail, choose, series
from local.report.judged import Judged
from ml_pipelines.forecast_files import Forecasts
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.gate.evidence import Prediction
from ml_pipelines.steps import measured
from ml_pipelines.steps.prepared import Facts, Prepared

FIRST, PERIODS, HORIZON = datetime(2025, 1, 1, tzinfo=UTC), 40, 4
NAMES = ("1_1", "1_2", "2_1", "2_2", "3_1")
LEVELS = np.array([[10.0], [20.0], [30.0], [40.0], [50.0]], dtype=np.float32)


def sales() -> np.ndarray:
    return np.repeat(LEVELS, PERIODS, axis=1)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """What the steps `prepare` and `evaluate` leave behind: errors of 10 %, 20 % and so on, by series."""
    ds = np.datetime64("2025-01-01", "s") + np.arange(PERIODS) * np.timedelta64(1, "D")
    stores, items = zip(*(name.split("_") for name in NAMES), strict=True)
    panel = Panel(unique_ids=NAMES, stores=stores, items=items, ds=ds, y=sales(), covariates={}, frequency="daily", season=7)
    facts = Facts(data_version="silver/features@3", content_hash="c0ffee", horizon=HORIZON, gap=0)
    prepared, metrics = tmp_path / "prepared", tmp_path / "metrics"
    for folder in (prepared, metrics):
        folder.mkdir()
    Prepared(panel=panel, facts=facts).save(prepared)
    errors = np.array([[0.5], [0.1], [0.3], [0.2], [0.4]], dtype=np.float32)
    point = np.repeat(LEVELS * (1 + errors), HORIZON, axis=1)
    told = Prediction(point, point * 0.5, point * 2)
    naive = np.repeat(LEVELS * 2, HORIZON, axis=1)
    figures: dict[str, measured.Figures] = {
        "challenger": measured.figures(sales()[:, -HORIZON:], told),
        "seasonal_naive_7": {"wape": 1.0},
    }
    measured.save(metrics, figures, told, {"seasonal_naive_7": naive})
    measured.save_breakdown(metrics, Prepared.load(prepared), told, {"seasonal_naive_7": naive})
    return prepared, metrics


@pytest.fixture
def judged(folders: tuple[Path, Path]) -> Judged:
    return Judged.read(folders[0], folders[1])


@pytest.fixture
def lake(tmp_path: Path) -> str:
    """A silver panel; one sale is imputed."""
    rows = [
        {
            "unique_id": name,
            "store": name.partition("_")[0],
            "item": name.partition("_")[2],
            "ds": FIRST + timedelta(days=day),
            "y": float(LEVELS[row, 0]),
            "imputed": name == "1_1" and day == PERIODS - 1,
            "period": 1000 + day,
        }
        for row, name in enumerate(NAMES)
        for day in range(PERIODS)
    ]
    write_deltalake(str(tmp_path / "silver" / "panel"), pa.Table.from_pylist(rows))
    return str(tmp_path / "silver")


@pytest.fixture
def published() -> Forecasts:
    """Forecasts of the next periods, of all series but one."""
    ds = np.datetime64("2025-02-10", "s") + np.arange(HORIZON) * np.timedelta64(1, "D")
    point = np.repeat(LEVELS[:4], HORIZON, axis=1)
    return Forecasts(unique_ids=np.array(NAMES[:4]), ds=ds, point=point, lower=point - 5, upper=point + 5)


def test_errors_are_those_of_each_series_and_of_each_period_ahead(judged: Judged) -> None:
    assert {name: round(value, 4) for name, value in judged.errors.items()} == {
        "1_1": 0.5, "1_2": 0.1, "2_1": 0.3, "2_2": 0.2, "3_1": 0.4
    }  # fmt: skip
    by_horizon = judged.by_horizon(("challenger", "seasonal_naive_7", "absent"))
    assert list(by_horizon) == ["challenger", "seasonal_naive_7"]
    # (5 + 2 + 9 + 8 + 20) of 150 sold
    assert by_horizon["challenger"] == pytest.approx((44 / 150,) * HORIZON)
    assert by_horizon["seasonal_naive_7"] == pytest.approx((1.0,) * HORIZON)


def test_errors_are_broken_down_by_store_and_item(judged: Judged) -> None:
    stores = judged.breakdown["store"]
    assert list(stores) == ["1", "2", "3"]
    # (5 + 2) of 30 sold in each of the last 4 periods, all of it too much and within the bounds
    # intervals reach from half the point forecast to its double, so they are 1.5 of the 37 told wide
    score = 1.5 * 37 / 30
    expected = {"series": 2, "sold": 120, "wape": 7 / 30, "bias": 7 / 30, "coverage": 1, "interval_score": score}
    assert stores["1"] == pytest.approx(expected)
    assert judged.breakdown["item"]["2"]["sold"] == pytest.approx(240)


def test_the_tail_of_a_panel_is_its_last_periods_without_imputed_sales(lake: str) -> None:
    tail = Tail.read(lake, DataVersion(table="silver/panel", version=0), 3)
    assert [str(at)[:10] for at in tail.dates] == ["2025-02-07", "2025-02-08", "2025-02-09"]
    assert list(tail.sales["1_1"].values()) == [10.0, 10.0, None]
    assert tail.volume == {name: pytest.approx(float(level)) for name, level in zip(NAMES, LEVELS[:, 0], strict=True)}
    assert tail.keys["3_1"] == ("3", "1")


def test_the_chosen_series_carry_history_what_was_said_before_and_what_is_said_now(
    lake: str, judged: Judged, published: Forecasts
) -> None:
    tail = Tail.read(lake, DataVersion(table="silver/panel", version=0), 8)
    found = {one.name: one for one in series(tail, published, judged)}
    # 3_1 has no forecasts, so it is not shown; 1_1 is the worst of the others and the smallest
    assert {name: one.why for name, one in found.items()} == {
        "1_2": "smallest error",
        "2_2": "median error, highest volume",
        "2_1": "median error",
        "1_1": "largest error, lowest volume",
    }
    one = found["1_1"]
    assert (one.store, one.item, one.known, len(one.dates)) == ("1", "1", 8, 12)
    assert one.dates[0] == "2025-02-02"
    assert one.dates[-1] == "2025-02-13"
    assert one.actual == (10.0,) * 7 + (None,) * 5
    assert one.point == (None,) * 4 + (15.0,) * 4 + (10.0,) * 4
    assert one.upper[-1] == 15.0
    assert one.error == pytest.approx(0.5)


def test_without_judged_forecasts_series_are_chosen_by_volume(lake: str, published: Forecasts) -> None:
    tail = Tail.read(lake, DataVersion(table="silver/panel", version=0), 8)
    found = series(tail, published, None)
    assert [(one.name, one.why, one.error) for one in found] == [("2_2", "highest volume", None), ("1_1", "lowest volume", None)]
    assert found[0].point[:8] == (None,) * 8


def test_a_model_that_was_kept_out_is_shown_by_what_it_said_of_the_judged_periods(lake: str, judged: Judged) -> None:
    tail = Tail.read(lake, DataVersion(table="silver/panel", version=0), 8)
    found = {one.name: one for one in series(tail, None, judged)}
    assert found["3_1"].why == "highest volume"
    assert (found["3_1"].known, len(found["3_1"].dates)) == (8, 8)
    assert found["3_1"].point[4:] == (70.0,) * 4
    assert series(tail, None, None) == ()


@given(
    st.dictionaries(st.integers(0, 99).map(str), st.floats(0, 10), max_size=40),
    st.dictionaries(st.integers(0, 99).map(str), st.floats(0, 1000), max_size=40),
)
def test_at_most_six_series_are_chosen_each_known_with_a_reason(errors: dict[str, float], volume: dict[str, float]) -> None:
    found = choose(errors, volume)
    assert len(found) <= 6
    assert set(found) <= set(volume)
    assert bool(found) == bool(volume)
    ranked = [name for name in errors if name in volume]
    if ranked:
        worst = next(name for name, why in found.items() if "largest error" in why)
        assert errors[worst] == max(errors[name] for name in ranked)
