"""Hourly, daily, weekly and monthly panels go from a file to a judged model, and what is known ahead makes it better."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from data_ops.storage import locate, rows, table
from data_ops.summary import FEATURES, SUMMARY
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.training import refit
from tests.ml_pipelines.steps.lane import told

RECIPE = '{"rungs": ["lightgbm"], "rounds": 60, "least_rows": 20}'
SERIES = 20
GRIDS = {
    "hourly": (np.arange("2025-01-01T00", "2025-02-05T00", dtype="datetime64[h]"), 24, 48),
    "daily": (np.arange("2024-01-01", "2025-03-01", dtype="datetime64[D]"), 7, 28),
    "weekly": (np.arange("2022-01-03", "2025-01-03", 7, dtype="datetime64[D]"), 1, 2),
    "monthly": (np.arange("2017-01", "2025-01", dtype="datetime64[M]").astype("datetime64[D]"), 12, 3),
}
"""Dates, season and default horizon by frequency."""


def panel(frequency: str) -> pa.Table:
    """Poisson sales with a season and a promotion that doubles them and more; a column is named `select`."""
    dates, season, _ = GRIDS[frequency]
    rng = np.random.default_rng(3)
    promotion = (rng.random((SERIES, len(dates))) < 0.15).astype(float)
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(len(dates)) / max(season, 2)) * (season > 1)
    sales = rng.poisson(rng.uniform(15, 60, (SERIES, 1)) * wave * (1 + 1.5 * promotion))
    return pa.table(
        {
            "date": np.tile((dates.astype("datetime64[m]") if frequency == "hourly" else dates).astype(str), SERIES),
            "store": np.repeat([f"s{index % 4}" for index in range(SERIES)], len(dates)),
            "item": np.repeat([f"i{index // 4}" for index in range(SERIES)], len(dates)),
            "sales": sales.ravel(),
            "Promotion (%)": promotion.ravel(),
            "select": rng.random(sales.size),
        }
    )


@pytest.mark.parametrize("frequency", GRIDS)
def test_a_panel_of_any_frequency_is_judged_and_its_promotion_is_used(lane, frequency):
    _, season, horizon = GRIDS[frequency]
    version = lane.take(f"{frequency}.parquet", panel(frequency))
    where = lane.start()
    for name, more in (("prepare", []), ("train", [f"--recipe={RECIPE}"]), ("evaluate", []), ("compare", [])):
        assert lane.step(name, where, version, *more) == 0
    decision = told(where, "decision")
    assert decision["decision"] in {"promote", "keep"}, decision["reasons"]
    assert decision["horizon"] == horizon
    summary = json.loads(table(locate(FEATURES), version).history(1)[0][SUMMARY])
    assert (summary["frequency"], summary["season"], summary["quarantined"]) == (frequency, season, {})
    metrics = decision["metrics"]
    assert metrics["challenger"]["wape"] < 0.8 * metrics[decision["naive"]]["wape"]
    known = Panel.of_features(rows(table(locate(FEATURES), version)), frequency=frequency, season=season)
    assert set(known.covariates) == {"Promotion", "select"}
    assert 1.5 * error(known, horizon) < error(known, horizon, without="Promotion")


def error(known: Panel, horizon: int, without: str = "") -> float:
    """WAPE of the last horizon; every value of the covariate left out is unknown."""
    cells = {name: np.full_like(values, np.nan) if name == without else values for name, values in known.covariates.items()}
    cutoff = known.periods - 2 * horizon
    points = refit(replace(known, covariates=cells), Recipe.of(RECIPE), "lightgbm", cutoff, horizon, 0, 2)
    return measure(known.y[:, cutoff:], points, None, None)["wape"]
