"""Accuracy and time of training on the generated panel and on OrangeJuice: the released model beside naives and the truth.

The judged window is forecast from its rolling origins, as the gate does. `oracle` is the generator's conditional mean.
`bare lgb.train` is LightGBM alone on the same matrix and parameters, all columns taken as numbers.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pyarrow as pa

from contracts.events import DataVersion
from data_ops.ingest import ingest
from data_ops.prepare import prepare
from data_ops.sources.files import FileRefusedError
from data_ops.sources.generated import generate, write
from data_ops.sources.orange_juice import fetch_orange_juice, orange_juice
from data_ops.storage import locate, rows, table
from data_ops.summary import FEATURES
from ml_pipelines.forecasting.gradient_boosting import parameters, training_rows
from ml_pipelines.forecasting.horizons import defaults, origins
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.rolling import rolled
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.forecasting.training import train

type Forecast = Callable[[Panel, int, int, int], Cells]
COLUMNS = ("wape", "smape", "mape", "bias", "coverage")
CACHE = Path.home() / ".cache" / "mlops-forecasting"


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A panel, what is asked of it, and the true mean (n, t) where it is known."""

    panel: Panel
    horizon: int
    gap: int
    truth: Cells | None

    @property
    def origins(self) -> int:
        """Origins of the judged window."""
        return origins(self.panel.periods, self.horizon, self.gap)

    @property
    def cutoff(self) -> int:
        """Periods known at the first of them."""
        return self.panel.periods - self.origins * self.horizon - self.gap

    def window_of(self, cells: Cells) -> Cells:
        """The judged periods."""
        return cells[:, -self.origins * self.horizon :]

    def rolled(self, forecast: Forecast) -> Cells:
        """Forecasts of the judged periods from all origins."""
        return rolled(lambda at: forecast(self.panel, at, self.horizon, self.gap), self.cutoff, self.horizon, self.origins)


def main() -> None:
    """Print one table for each panel."""
    options = argparse.ArgumentParser(prog="bench.forecast")
    options.add_argument("--panel", choices=("generated", "orange-juice"))
    options.add_argument("--recipe", default="", help="JSON of overrides")
    chosen = options.parse_args()
    sources: Mapping[str, Callable[[], tuple[pa.Table, pa.Table | None]]] = {"generated": _generated, "orange-juice": _real}
    for name, source in sources.items():
        if chosen.panel in {None, name}:
            _report(name, _task(*source()), Recipe.of(chosen.recipe))


def _generated() -> tuple[pa.Table, pa.Table | None]:
    made = generate()
    return made.sales, made.truth


def _real() -> tuple[pa.Table, pa.Table | None]:
    return orange_juice(fetch_orange_juice(CACHE)), None


def orange_juice_panel() -> Panel:
    """The real panel, as training gets it."""
    return _task(*_real()).panel


def _task(sales: pa.Table, truth: pa.Table | None) -> Task:
    """Bring sales through ingestion and preparation, as training gets them."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        for name in ("bronze", "silver"):
            os.environ[f"{name.upper()}_URL"] = f"{directory}/{name}"
            (Path(directory) / name).mkdir()
        write(sales, Path(directory) / "sales.parquet")
        ingest(Path(directory) / "sales.parquet")
        summary = prepare(DataVersion(table="bronze/sales", version=1))
        if summary is None:
            raise FileRefusedError(
                "The lake was not empty.", given=directory, allowed="a new lake", remedy="Run the bench again."
            )
        panel = Panel.of_features(rows(table(locate(FEATURES))), frequency=summary.frequency, season=summary.season)
    horizon, gap = defaults(panel.frequency, panel.season)
    return Task(panel=panel, horizon=horizon, gap=gap, truth=None if truth is None else _mean(panel, sales, truth))


def _mean(panel: Panel, sales: pa.Table, truth: pa.Table) -> Cells:
    """The conditional mean in the panel's order of series; stockouts are not known ahead, so it does not know them."""
    first_rows = slice(0, sales.num_rows, panel.periods)
    stores, items = (sales[name].to_numpy()[first_rows] for name in ("store", "item"))
    place = {f"{store}_{item}": index for index, (store, item) in enumerate(zip(stores, items, strict=True))}
    mean = truth["mean"].to_numpy().reshape(-1, panel.periods)
    found: Cells = mean[[place[name] for name in panel.unique_ids]].astype(np.float32)
    return found


def _report(name: str, task: Task, recipe: Recipe) -> None:
    series, periods = task.panel.y.shape
    out = f"{name}: {series} series, {periods} {task.panel.frequency} periods, horizon {task.horizon}, gap {task.gap}, {task.origins} origins\n"
    out += f"{'model':28}" + "".join(f"{column:>10}" for column in COLUMNS) + f"{'seconds':>10}\n"
    sys.stdout.write(out)
    _anchors(task)
    began = time.monotonic()
    trained = train(task.panel, recipe, task.horizon, task.gap, task.origins)
    seconds = time.monotonic() - began
    point = task.rolled(trained.forecaster.forecast)
    _line(f"released: {trained.rung}", task, point, seconds, trained.intervals.bounds(point))
    chosen = ", ".join(f"{rung} {error:.4f}" for rung, error in trained.chosen_by.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = _bare(task, recipe)
    sys.stdout.write(f"  chosen by WAPE: {chosen}\n  bare lgb.train {bare:.1f} s, peak {peak:.0f} MB\n\n")


def _anchors(task: Task) -> None:
    """The methods that a model must beat, and the truth."""
    known = task.panel.y[:, : task.cutoff]
    for lag in sorted({task.panel.season, task.panel.yearly}):
        _timed(f"seasonal naive {lag}", task, SeasonalNaive(lag=lag).forecast)
    median = np.nanmedian(np.where(np.isfinite(known).any(axis=1, keepdims=True), known, 0), axis=1)
    _line("per-series median", task, np.repeat(median[:, None], task.origins * task.horizon, axis=1), 0.0)
    _timed("multiplicative level", task, MultiplicativeLevel.fit(task.panel.until(task.cutoff)).forecast)
    if task.truth is not None:
        _line("oracle", task, task.window_of(task.truth), 0.0)


def _timed(name: str, task: Task, forecast: Forecast) -> None:
    began = time.monotonic()
    point = task.rolled(forecast)
    _line(name, task, point, time.monotonic() - began)


def _line(name: str, task: Task, point: Cells, seconds: float, bounds: tuple[Cells, Cells] | None = None) -> None:
    lower, upper = bounds or (None, None)
    found = measure(task.window_of(task.panel.y), point, lower, upper)
    told = "".join(f"{found.get(column, math.nan):10.4f}" if column in found else f"{'':>10}" for column in COLUMNS)
    sys.stdout.write(f"{name:28}{told}{seconds:10.2f}\n")


def _bare(task: Task, recipe: Recipe) -> float:
    """Seconds of the one call that every version of this model has to make."""
    made = training_rows(task.panel.until(task.cutoff), recipe, task.horizon, task.gap)
    began = time.monotonic()
    lgb.train(parameters(recipe), lgb.Dataset(made.x, made.targets.y, weight=made.targets.weight), recipe.rounds)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
