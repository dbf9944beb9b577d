"""What a training costs: the pipeline's work on 500 series, one fit and forecast of 30,000, beside LightGBM alone.

500 series x 5 years of days, horizon 90: the ladder fitted, chosen and calibrated, a backtest from the three origins of a
comparison of recipes (at the first the model is the trained one, at two it is refitted), and the gate. The anchor is
`lgb.train` alone on the same matrices, in the same process after it. 30,000 series are the panel of `make up` sixty times over,
other sales drawn for each.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import replace

import lightgbm as lgb
import numpy as np

from bench.panels import hard_panel
from ml_pipelines.forecasting.gradient_boosting import GradientBoosting, parameters, training_rows
from ml_pipelines.forecasting.panel import Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.forecasting.training import refit, train
from ml_pipelines.gate.decide import decide
from ml_pipelines.gate.evidence import Evidence, Origin, Prediction
from ml_pipelines.steps.incumbents import WINDOWS_BACK

HORIZON, TIMES, SECONDS, BYTES = 90, 60, 45.0, 2048.0


def main() -> int:
    """Print both tables, each in a process of its own when asked for alone."""
    options = argparse.ArgumentParser(prog="bench.cost")
    options.add_argument("--only", choices=("pipeline", "large"))
    chosen = options.parse_args().only
    for name, work in {"pipeline": _pipeline, "large": _large}.items():
        if chosen in {None, name}:
            work()
    return 0


def _pipeline() -> None:
    panel, _ = hard_panel(1)
    recipe, wall, cpu = Recipe(), time.monotonic(), time.process_time()
    trained = train(panel, recipe, HORIZON, 0)
    cutoffs = [panel.periods - back * HORIZON for back in WINDOWS_BACK]
    points = [
        trained.forecaster.forecast(panel, trained.cutoff, HORIZON, 0),
        *(refit(panel, recipe, trained.rung, cutoff, HORIZON, 0) for cutoff in cutoffs[1:]),
    ]
    origins = tuple(
        Origin(
            y=panel.y[:, cutoff : cutoff + HORIZON],
            challenger=point,
            incumbent=SeasonalNaive(lag=364).forecast(panel, cutoff, HORIZON, 0),
        )
        for cutoff, point in zip(cutoffs, points, strict=True)
    )
    told = Prediction(points[0], *trained.intervals.bounds(points[0]))
    naive = origins[0].incumbent
    evidence = Evidence(
        y=origins[0].y,
        challenger=told,
        naive=naive,
        periods=cutoffs[0],
        series=len(panel.y),
        incumbent=Prediction(naive, naive, naive),
        origins=origins,
        stores=panel.stores,
    )
    decision = decide(evidence).decision
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare, bare_cpu = _bare(panel, recipe, [panel.periods - 2 * HORIZON, *cutoffs])
    sys.stdout.write(f"pipeline, 500 series, horizon {HORIZON}: {decision}, {trained.rung}\n")
    sys.stdout.write(f"{'':12}{'wall s':>9}{'CPU s':>9}{'MB':>8}\n{'ours':12}{wall:9.1f}{cpu:9.1f}{peak:8.0f}\n")
    sys.stdout.write(f"{'lgb.train':12}{bare:9.1f}{bare_cpu:9.1f}\n{'ratio':12}{wall / bare:9.2f}{cpu / bare_cpu:9.2f}\n")
    sys.stdout.write(f"{'target':12}{SECONDS:9.0f}{'':9}{BYTES:8.0f}   ratio 1.3\n")


def _bare(panel: Panel, recipe: Recipe, cutoffs: list[int]) -> tuple[float, float]:
    """Seconds and CPU seconds of the fits alone, at the cutoffs that the pipeline fits at."""
    wall = cpu = 0.0
    for cutoff in cutoffs:
        rows = training_rows(panel.until(cutoff), recipe, HORIZON, 0)
        began, used = time.monotonic(), time.process_time()
        lgb.train(parameters(recipe), lgb.Dataset(rows.x, rows.targets.y, weight=rows.targets.weight), recipe.rounds)
        wall, cpu = wall + time.monotonic() - began, cpu + time.process_time() - used
    return wall, cpu


def _large() -> None:
    panel, recipe = _many(), Recipe()
    cutoff = panel.periods - HORIZON
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.monotonic(), time.process_time()
    point = GradientBoosting.fit(panel, recipe, cutoff, HORIZON, 0).forecast(panel, cutoff, HORIZON, 0)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    y = panel.y[:, cutoff:]
    wape = float(np.abs(point - y).sum(dtype=np.float64) / y.sum(dtype=np.float64))
    sys.stdout.write(
        f"one fit and forecast of {len(panel.y):,} series: {cpu / 60:.1f} CPU min (target 10), {wall / 60:.1f} min, "
    )
    sys.stdout.write(f"peak {peak:.0f} MB of which the panel {before:.0f}, WAPE {wape:.4f}\n")


def _many() -> Panel:
    """Items of their own in each copy, their sales drawn anew around the first ones'."""
    one, _ = hard_panel(1)
    rng = np.random.default_rng(1)
    copies = [rng.poisson(np.maximum(one.y, 0)).astype(np.float32) for _ in range(TIMES)]
    items = tuple(f"{item}.{number}" for number in range(TIMES) for item in one.items)
    stores = one.stores * TIMES
    return replace(
        one,
        unique_ids=tuple(f"{store}_{item}" for store, item in zip(stores, items, strict=True)),
        stores=stores,
        items=items,
        y=np.concatenate(copies),
        covariates={name: np.tile(cells, (TIMES, 1)) for name, cells in one.covariates.items()},
    )


if __name__ == "__main__":
    sys.exit(main())
