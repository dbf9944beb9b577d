"""Accuracy and coverage over many generated panels, beside the truth they were drawn from and closed formulas.

`hard` is the panel of `make up` (data_ops/sources/generated.py), `easy` that of bench/easy_panel.py. The last 28 days are
forecast from before them by the recipe as it is released, intervals calibrated on the 28 days before; errors are told as
multiples of those of the conditional mean. MSTL (bench/mstl.py) forecasts a sample of 10 series, and is told beside ours on
the same. Seeds are 1, 2, ...; none was looked at when constants or recipe were chosen but
those that tests name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.easy_panel import FIRST_DAY, easy_panel, panel_of
from data_ops.sources.generated import generate
from ml_pipelines.forecasting.breakdown import DECILES, deciles
from ml_pipelines.forecasting.metrics import measure
from ml_pipelines.forecasting.multiplicative_level import MultiplicativeLevel
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.recipe import Recipe
from ml_pipelines.forecasting.seasonal_naive import SeasonalNaive
from ml_pipelines.forecasting.training import train

HORIZON, GAP = 28, 0
SAMPLE = 10
UV = Path(__file__).parents[1] / ".uv" / "bin" / "uv"


def hard_panel(seed: int) -> tuple[Panel, Cells]:
    """The generated panel and its mean, which does not know stockouts."""
    made = generate(seed=seed)
    days = len(np.unique(made.sales["date"].to_numpy()))
    shape = (-1, days)
    cells = {name: made.sales[name].to_numpy().reshape(shape).astype(np.float32) for name in ("sales", "price", "promo")}
    mean: Cells = made.truth["mean"].to_numpy().reshape(shape).astype(np.float32)
    ds = FIRST_DAY + np.arange(days) * np.timedelta64(86_400, "s")
    return panel_of(cells.pop("sales"), ds, cells), mean


PANELS: dict[str, Callable[[int], tuple[Panel, Cells]]] = {"hard": hard_panel, "easy": easy_panel}


def judged(panel: Panel, mean: Cells, recipe: Recipe) -> dict[str, float | str | list[float]]:
    """Figures of one panel."""
    y, cutoff = panel.y[:, -HORIZON:], panel.periods - HORIZON
    oracle = measure(y, mean[:, -HORIZON:], None, None)
    began = time.process_time()
    trained = train(panel, recipe, HORIZON, GAP)
    seconds = time.process_time() - began
    point = trained.forecaster.forecast(panel, cutoff, HORIZON, GAP)
    lower, upper = trained.intervals.bounds(point)
    ours = measure(y, point, lower, upper)
    inside = ((lower <= y) & (y <= upper)).mean(axis=1)
    tenth = np.array(deciles(panel.y[:, cutoff - 364 : cutoff].sum(axis=1)))
    naive, level = SeasonalNaive(lag=364), MultiplicativeLevel.fit(panel.until(cutoff))
    anchors = {
        name: measure(y, one.forecast(panel, cutoff, HORIZON, GAP), None, None)
        for name, one in {"naive 364": naive, "level": level}.items()
    }
    chosen = np.random.default_rng(0).choice(len(y), SAMPLE, replace=False)
    some = {"mean": mean[chosen, -HORIZON:], "ours": point[chosen], "MSTL": _mstl(panel.y[chosen, :cutoff], panel.season)}
    sampled = {name: measure(y[chosen], one, None, None)["wape"] for name, one in some.items()}
    return {
        "rung": trained.rung,
        "wape / oracle": ours["wape"] / oracle["wape"],
        "smape / oracle": ours["smape"] / oracle["smape"],
        "bias": ours["bias"],
        "coverage": ours["coverage"],
        "deciles": [float(inside[tenth == str(number)].mean()) for number in range(1, DECILES + 1)],
        **{f"{name}, wape / oracle": figures["wape"] / oracle["wape"] for name, figures in anchors.items()},
        **{f"{name}, smape / oracle": figures["smape"] / oracle["smape"] for name, figures in anchors.items()},
        **{f"{name} on {SAMPLE}, wape / oracle": wape / sampled["mean"] for name, wape in sampled.items() if name != "mean"},
        "CPU s": seconds,
    }


def _mstl(y: Cells, season: int) -> Cells:
    """Point forecasts (n, HORIZON) of a sample."""
    with tempfile.TemporaryDirectory() as scratch:
        given, made = Path(scratch, "given.npz"), Path(scratch, "made.npz")
        np.savez(given, y=y, horizon=HORIZON, season=season)
        command = [UV, "run", "--quiet", "--locked", "--script", Path(__file__).with_name("mstl.py"), given, made]
        subprocess.run(command, check=True)  # noqa: S603 - our own script
        with np.load(made) as arrays:
            point: Cells = arrays["point"]
            return point


def main() -> int:
    """Print one line of JSON for each panel, and the means."""
    options = argparse.ArgumentParser(prog="bench.panels")
    options.add_argument("--panel", choices=tuple(PANELS))
    options.add_argument("--seeds", default="1-10", help="first and last, to run the bench in pieces")
    options.add_argument("--recipe", default="", help="JSON of overrides")
    chosen = options.parse_args()
    first, last = map(int, chosen.seeds.split("-"))
    for name, made in PANELS.items():
        if chosen.panel in {None, name}:
            found = [_told(name, seed, judged(*made(seed), Recipe.of(chosen.recipe))) for seed in range(first, last + 1)]
            _means(name, found)
    return 0


def _told(name: str, seed: int, figures: dict[str, float | str | list[float]]) -> dict[str, float | str | list[float]]:
    sys.stdout.write(json.dumps({"panel": name, "seed": seed, **figures}) + "\n")
    sys.stdout.flush()
    return figures


def _means(name: str, found: list[dict[str, float | str | list[float]]]) -> None:
    sys.stdout.write(f"{name}, mean of {len(found)} seeds\n")
    for figure in (key for key in found[0] if key != "rung"):
        values = np.array([one[figure] for one in found], dtype=float)
        mean = values.mean(axis=0)
        told = " ".join(f"{value:.3f}" for value in np.atleast_1d(mean))
        spread = "" if values.ndim > 1 else f"   ({values.min():.3f} to {values.max():.3f})"
        sys.stdout.write(f"  {figure:26}{told}{spread}\n")


if __name__ == "__main__":
    sys.exit(main())
