"""The global model: LightGBM, direct, over all series and steps at once, on targets divided by each series' level."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from ml_pipelines.forecasting.direct_features import CATEGORICAL, Names, level, matrix, names_of, sources
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.recipe import Recipe

_BOOSTER, _NAMES = "booster.txt", "names.json"
THREADS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What is fitted on: features `x` (rows, features) and their names, targets as shares of the level, and the levels."""

    x: Cells
    y: Cells
    weight: Cells
    names: tuple[str, ...]


def training_rows(known: Panel, recipe: Recipe, horizon: int, gap: int) -> Rows:
    """Every known target of the panel's last `recipe.years`, each seen from a random cutoff that the horizon allows."""
    found = sources(known, names_of(known), known.periods)
    oldest = max(min(known.yearly, known.periods // 2), known.periods - int(recipe.years * known.yearly), 1)
    row, offset = np.nonzero(np.isfinite(known.y[:, oldest:]))
    target = offset + oldest
    steps = np.random.default_rng(recipe.seed).integers(0, horizon, len(target))
    seen = np.maximum(target - gap - steps, 1)
    x, names = matrix(found, row, seen, target)
    scale = level(found, row, seen)
    return Rows(x=x, y=known.y[row, target] / scale, weight=scale, names=names)


@dataclass(frozen=True, kw_only=True, eq=False)
class GradientBoosting:
    """A booster and the categories that it knows."""

    booster: lgb.Booster
    names: Names

    @classmethod
    def fit(cls, panel: Panel, recipe: Recipe, cutoff: int, horizon: int, gap: int) -> GradientBoosting:
        """Fit on every known target of the last `recipe.years`, each seen from a random cutoff that the horizon allows.

        Weights are the levels, so that the loss is that of units sold.
        """
        names = names_of(panel)
        rows = training_rows(panel.until(cutoff), recipe, horizon, gap)
        data = lgb.Dataset(
            rows.x,
            rows.y,
            weight=rows.weight,
            feature_name=list(rows.names),
            categorical_feature=[name for name in CATEGORICAL if name in rows.names],
            params={"verbosity": -1, "feature_pre_filter": False},
        )
        return cls(booster=lgb.train(parameters(recipe), data, recipe.rounds), names=names)

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """All series and steps in one call."""
        series, periods = len(panel.y), cutoff + gap + horizon
        ahead = replace(panel.until(cutoff), covariates=panel.covariates)
        found = sources(ahead, self.names, periods)
        row = np.repeat(np.arange(series), horizon)
        target = np.tile(np.arange(cutoff + gap, periods), series)
        seen = np.full(len(row), cutoff)
        x, _ = matrix(found, row, seen, target)
        made = np.asarray(self.booster.predict(x, num_threads=THREADS)) * level(found, row, seen)
        return np.maximum(made, 0).reshape(series, horizon).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the booster as text and the categories as JSON."""
        (folder / _BOOSTER).write_text(self.booster.model_to_string())
        (folder / _NAMES).write_text(json.dumps(asdict(self.names)))

    @classmethod
    def load(cls, folder: Path) -> GradientBoosting:
        """Read both."""
        names = {name: tuple(values) for name, values in json.loads((folder / _NAMES).read_text()).items()}
        return cls(booster=lgb.Booster(model_str=(folder / _BOOSTER).read_text()), names=Names(**names))


def parameters(recipe: Recipe) -> dict[str, Any]:
    return {
        "objective": recipe.objective,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.least_rows,
        "feature_fraction": 0.8,
        "max_bin": 127,
        "cat_smooth": 20,
        "num_threads": THREADS,
        "deterministic": True,
        "force_row_wise": True,
        "seed": recipe.seed,
        "verbosity": -1,
    }
