"""OrangeJuice by the rules of TSPerf: twelve rounds, each two weeks forecast a week ahead, judged by MAPE.

Rules and published figures: microsoft/forecasting, `contrib/tsperf` at v0.1.0. In round k everything up to week 133 + 2k is
known, and prices, deals and features of the weeks to come; weeks 135 + 2k and 136 + 2k are forecast. The recipe was chosen by
`bench/search_orange_juice.py` on weeks before the first round's alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np

from bench.forecast import orange_juice_panel
from ml_pipelines.forecasting.gradient_boosting import GradientBoosting
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.recipe import Recipe

FIRST_WEEK, ROUNDS, HORIZON, GAP = 40, 12, 2, 1
KNOWN_IN_ROUND_ONE = 135
RECIPE = Recipe(
    rungs=("lightgbm",),
    metric="mape",
    rounds=500,
    learning_rate=0.03,
    feature_share=0.5,
    row_share=0.7,
    seeds=3,
)
OURS = "lightgbm, metric mape"
PUBLISHED = {
    "Naive": 109.67,
    "ETS": 70.99,
    "AutoARIMA": 70.80,
    "RNN encoder-decoder": 37.68,
    "DilatedCNN": 37.09,
    "LightGBM": 36.28,
}

type Forecast = Callable[[int], Cells]


def cutoffs(last_known_week: int = KNOWN_IN_ROUND_ONE) -> list[int]:
    """Periods known in each of the rounds, of which the first knows this week."""
    return [last_known_week + 2 * number - FIRST_WEEK + 1 for number in range(ROUNDS)]


def mape(panel: Panel, at: Sequence[int], points: Sequence[Cells]) -> tuple[float, float, int]:
    """MAPE in per cent and bias over all known sales of the rounds, and their number."""
    y = np.concatenate([panel.y[:, cutoff + GAP : cutoff + GAP + HORIZON] for cutoff in at], axis=1)
    found = measure(y, np.concatenate(points, axis=1), None, None)
    return 100 * found["mape"], found["bias"], int(np.isfinite(y).sum())


def boosted(panel: Panel, recipe: Recipe, cutoff: int) -> Cells:
    """What a recipe fitted anew in a round forecasts."""
    return GradientBoosting.fit(panel, recipe, cutoff, HORIZON, GAP).forecast(panel, cutoff, HORIZON, GAP)


def last_known(panel: Panel, cutoff: int) -> Cells:
    """The newest known sales of each series, twice."""
    known = np.isfinite(panel.y[:, :cutoff])
    newest = cutoff - 1 - np.argmax(known[:, ::-1], axis=1)
    return np.repeat(panel.y[np.arange(len(panel.y)), newest][:, None], HORIZON, axis=1)


def median(panel: Panel, cutoff: int) -> Cells:
    """The median of each series' known sales, twice."""
    return np.repeat(np.nanmedian(panel.y[:, :cutoff], axis=1)[:, None], HORIZON, axis=1)


def level(panel: Panel, cutoff: int) -> Cells:
    """The multiplicative level."""
    return MultiplicativeLevel.fit(panel.until(cutoff)).forecast(panel, cutoff, HORIZON, GAP)


def main() -> int:
    """Print the anchors, ours, and what was published."""
    options = argparse.ArgumentParser(prog="bench.orange_juice")
    options.add_argument("--rounds", default=f"1-{ROUNDS}", help="first and last, to run the bench in pieces")
    first, last = map(int, options.parse_args().rounds.split("-"))
    panel, at = orange_juice_panel(), cutoffs()[first - 1 : last]
    sys.stdout.write(
        f"OrangeJuice, rounds {first} to {last}\n{'model':28}{'MAPE':>9}{'bias':>9}{'rows':>9}{'seconds':>10}{'CPU s':>9}\n"
    )
    _line(panel, at, "naive: last known", lambda cutoff: last_known(panel, cutoff))
    _line(panel, at, "per-series median", lambda cutoff: median(panel, cutoff))
    _line(panel, at, "multiplicative level", lambda cutoff: level(panel, cutoff))
    _line(panel, at, OURS, lambda cutoff: boosted(panel, RECIPE, cutoff))
    sys.stdout.write("published: " + ", ".join(f"{name} {value:.2f}" for name, value in PUBLISHED.items()) + "\n")
    return 0


def _line(panel: Panel, at: Sequence[int], name: str, forecast: Forecast) -> None:
    wall, cpu = time.monotonic(), time.process_time()
    points = list[Cells]()
    for cutoff in at:
        points.append(forecast(cutoff))
        if name == OURS:
            found, bias, rows = mape(panel, [cutoff], points[-1:])
            sys.stdout.write(f"  after week {cutoff + FIRST_WEEK - 1:<16}{found:9.2f}{bias:9.3f}{rows:9}\n")
            sys.stdout.flush()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    found, bias, rows = mape(panel, at, points)
    sys.stdout.write(f"{name:28}{found:9.2f}{bias:9.3f}{rows:9}{wall:10.1f}{cpu:9.1f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
