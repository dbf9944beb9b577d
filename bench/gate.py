"""The gate's comparison of two recipes against two usual tests: how often each promotes an equal, a better, a worse model.

The anchors are the paired t-test over all cells, and the test of Diebold and Mariano ("Comparing predictive accuracy",
Journal of Business & Economic Statistics 13, 1995) on the daily mean of the loss difference with Bartlett weights. All
three are one-sided at 2.5 %. Sales are Poisson; the errors of a forecast have a part that all series share on a day, one
that a series keeps over time and one of each cell's own, drawn anew for both models, so that they are equal by law. The
better and the worse model have all their errors scaled. Run it with `python -m bench.gate`.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.horizons import JUDGED_PERIODS
from ml_pipelines.gate.bootstrap import Resampling
from ml_pipelines.gate.decide import OTHER_RECIPE
from ml_pipelines.gate.limits import Limits
from ml_pipelines.gate.measures import change
from ml_pipelines.steps.incumbents import WINDOWS_BACK

type Cells = NDArray[np.float64]
"""(series, periods)."""
type Pair = tuple[Cells, Cells, Cells]
"""Sales, and the forecasts of challenger and incumbent."""

CRITICAL = 1.96
LEVEL, SPREAD = 3.0, 0.6
DAY_SD, DAY_MEMORY, SERIES_SD, CELL_SD = 0.05, 0.6, 0.06, 0.10
FACTORS = {"equal": 1.0, "2 % better": 0.98, "5 % better": 0.95, "5 % worse": 1.05}
BARTLETT_LAGS = 6


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What a comparison judges from each of its origins: periods of a window, which short horizons roll through."""

    name: str
    series: int
    window: int
    origins: int = len(WINDOWS_BACK)


SHAPES = (
    Shape(name="daily", series=500, window=90),
    Shape(name="daily", series=500, window=28),
    Shape(name="daily", series=100, window=28),
    Shape(name="hourly", series=100, window=48),
    Shape(name="weekly", series=900, window=JUDGED_PERIODS),
    Shape(name="monthly", series=100, window=JUDGED_PERIODS),
)


def origins(shape: Shape, factor: float, seed: int) -> list[Pair]:
    """Sales and both forecasts at each origin; the challenger's error is `factor` of what it would be, in expectation."""
    random = np.random.default_rng((seed, shape.series, shape.window))
    level = np.exp(random.normal(LEVEL, SPREAD, (shape.series, 1)))
    kept = [random.normal(0, SERIES_SD, (shape.series, 1)) for _ in range(2)]
    found = []
    for _ in range(shape.origins):
        mean = level * (1 + 0.3 * np.sin(np.arange(shape.window) * 2 * np.pi / 7))
        y = random.poisson(mean).astype(float)
        mine, theirs = (
            mean * np.exp(_shared(random, shape.window) + own + random.normal(0, CELL_SD, mean.shape)) for own in kept
        )
        found.append((y, y + (mine - y) * factor, theirs))
    return found


def gate(pairs: list[Pair]) -> bool:
    """What `decide` asks of another recipe."""
    limits = Limits()
    found = change(list(pairs), limits.resampling)
    return all(rule(found, limits).held for rule in OTHER_RECIPE)


def bootstrap(pairs: list[Pair]) -> bool:
    """The interval alone, without the least gain worth a change."""
    return change(list(pairs), Resampling()).upper < 0


def cell_test(pairs: list[Pair]) -> bool:
    """Paired t-test that takes all cells as independent."""
    loss = np.concatenate([_difference(*pair).ravel() for pair in pairs])
    return bool(loss.mean() / (loss.std(ddof=1) / math.sqrt(loss.size)) < -CRITICAL)


def diebold_mariano(pairs: list[Pair]) -> bool:
    """Diebold and Mariano's test on the mean loss difference of each period."""
    loss = np.concatenate([_difference(*pair).mean(axis=0) for pair in pairs])
    centred = loss - loss.mean()
    lags = min(BARTLETT_LAGS, loss.size - 1)
    terms = [(1 - lag / (lags + 1)) * (centred[lag:] @ centred[: loss.size - lag]) for lag in range(1, lags + 1)]
    variance = max(float(centred @ centred + 2 * sum(terms)), 0.0) / loss.size**2
    return bool(loss.mean() < -CRITICAL * math.sqrt(variance))


TESTS: Mapping[str, Callable[[list[Pair]], bool]] = {
    "gate": gate,
    "bootstrap alone": bootstrap,
    "Diebold-Mariano": diebold_mariano,
    "t-test over cells": cell_test,
}


def main() -> None:
    """Print one table: promotions in per cent of the seeds, and CPU time of one comparison."""
    chosen = argparse.ArgumentParser(prog="bench.gate")
    chosen.add_argument("--seeds", type=int, default=400)
    seeds = chosen.parse_args().seeds
    sys.stdout.write(f"promoted, % of {seeds} seeds (standard error of 5 %: {100 * math.sqrt(0.05 * 0.95 / seeds):.1f})\n")
    columns = "".join(f"{name:>13}" for name in FACTORS)
    sys.stdout.write(f"{'panel':9}{'series':>7}{'window':>8}{'origins':>9}  {'test':18}{columns}{'CPU ms':>9}\n")
    for shape in SHAPES:
        for name, test in TESTS.items():
            _line(shape, name, test, seeds)


def _line(shape: Shape, name: str, test: Callable[[list[Pair]], bool], seeds: int) -> None:
    told, used = "", 0.0
    for factor in FACTORS.values():
        made = [origins(shape, factor, seed) for seed in range(seeds)]
        began = time.process_time()
        told += f"{100 * sum(test(pairs) for pairs in made) / seeds:13.1f}"
        used += time.process_time() - began
    cost = 1000 * used / seeds / len(FACTORS)
    sys.stdout.write(f"{shape.name:9}{shape.series:7}{shape.window:8}{shape.origins:9}  {name:18}{told}{cost:9.2f}\n")


def _difference(y: Cells, first: Cells, second: Cells) -> Cells:
    return np.abs(first - y) - np.abs(second - y)


def _shared(random: np.random.Generator, horizon: int) -> Cells:
    """The error of the common level on each day, an autoregression of first order."""
    steps = random.normal(0, DAY_SD * math.sqrt(1 - DAY_MEMORY**2), horizon)
    found = np.empty(horizon)
    found[0] = random.normal(0, DAY_SD)
    for day in range(1, horizon):
        found[day] = DAY_MEMORY * found[day - 1] + steps[day]
    return found


if __name__ == "__main__":
    main()
