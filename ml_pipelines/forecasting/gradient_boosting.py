"""The global model: LightGBM, direct, over all series and steps at once, on targets divided by each series' level."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from contracts.errors import FourPartError
from ml_pipelines.forecasting.calendar_features import NONE
from ml_pipelines.forecasting.direct_features import CATEGORICAL, THREADS, Names, level, matrix, names_of, sources
from ml_pipelines.forecasting.losses import LOGARITHMIC, Targets, targets, told
from ml_pipelines.forecasting.panel import Cells, Panel
from ml_pipelines.forecasting.partitions import partitions, share
from ml_pipelines.forecasting.recipe import Recipe

_BOOSTER, _FACTS = "booster_", "boosters.json"
MAX_BIN = 127
LEARNT_FROM = 8
"""The first part of a short panel, one in so many, is looked back on only; of a longer one it is the first year."""


class ComputeMissingError(FourPartError):
    """A device that a recipe asks for and the machine does not have."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """What is fitted on: features `x` (rows, features) and their names, and targets with their weights."""

    x: Cells
    targets: Targets
    names: tuple[str, ...]

    def dataset(self) -> lgb.Dataset:
        """As LightGBM takes them."""
        return lgb.Dataset(
            self.x,
            self.targets.y,
            weight=self.targets.weight,
            feature_name=list(self.names),
            categorical_feature=[name for name in CATEGORICAL if name in self.names],
            params={"verbosity": -1, "feature_pre_filter": False, "max_bin": MAX_BIN},
        )


def training_rows(known: Panel, recipe: Recipe, horizon: int, gap: int) -> Rows:
    """Every known target of the panel's last `recipe.years`, each seen from a random cutoff that the horizon allows.

    Of a panel with more than `MOST_ROWS` of them a share is drawn.
    """
    oldest = max(min(known.yearly, known.periods // LEARNT_FROM), known.periods - int(recipe.years * known.yearly), 1)
    random, kept = np.random.default_rng(recipe.seed), share(known, oldest)
    names = names_of(known)
    made = [_rows(known.only(part), names, recipe, oldest, horizon, gap, random, kept) for part in partitions(known)]
    return made[0] if len(made) == 1 else _joined(made)


def _rows(
    known: Panel, names: Names, recipe: Recipe, oldest: int, horizon: int, gap: int, random: np.random.Generator, kept: float
) -> Rows:
    found = sources(known, names, known.periods)
    there = np.isfinite(known.y[:, oldest:])
    if kept < 1:
        there &= random.random(there.shape) < kept
    row, offset = np.nonzero(there)
    target = offset + oldest
    steps = random.integers(0, horizon, len(target))
    seen = np.maximum(target - gap - steps, 1)
    x, columns = matrix(found, row, seen, target)
    holiday = (found.calendar["holiday"][target] != NONE).astype(np.float32)
    fitted = targets(recipe.metric, recipe.loss, known.y[row, target], level(found, row, seen), holiday)
    return Rows(x=x, targets=fitted, names=columns)


def _joined(parts: Sequence[Rows]) -> Rows:
    y, weight = (np.concatenate([getattr(part.targets, name) for part in parts]) for name in ("y", "weight"))
    joined = Targets(y=y, weight=weight, objective=parts[0].targets.objective)
    return Rows(x=np.concatenate([part.x for part in parts]), targets=joined, names=parts[0].names)


@dataclass(frozen=True, kw_only=True, eq=False)
class GradientBoosting:
    """Boosters whose forecasts are averaged, the objective that they were fitted by, and the categories that they know."""

    boosters: tuple[lgb.Booster, ...]
    objective: str
    names: Names

    @classmethod
    def fit(cls, panel: Panel, recipe: Recipe, cutoff: int, horizon: int, gap: int) -> GradientBoosting:
        """Fit on every known target of the last `recipe.years`, each seen from a random cutoff that the horizon allows.

        Raises:
            ComputeMissingError: when the recipe asks for a GPU and there is none.
        """
        known = panel.until(cutoff)
        made = []
        for number in range(recipe.seeds):
            drawn = replace(recipe, seed=recipe.seed + number)
            rows = training_rows(known, drawn, horizon, gap)
            made.append(_trained(drawn, rows))
        return cls(boosters=tuple(made), objective=recipe.loss, names=names_of(known))

    def forecast(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        """All series and steps of a part in one call."""
        made = np.empty((len(panel.y), horizon), dtype=np.float32)
        for part in partitions(panel):
            made[part] = self._part(panel.only(part), cutoff, horizon, gap)
        return made

    def _part(self, panel: Panel, cutoff: int, horizon: int, gap: int) -> Cells:
        series, periods = len(panel.y), cutoff + gap + horizon
        ahead = replace(panel.until(cutoff), covariates=panel.covariates)
        found = sources(ahead, self.names, periods)
        row = np.repeat(np.arange(series), horizon)
        target = np.tile(np.arange(cutoff + gap, periods), series)
        seen = np.full(len(row), cutoff)
        x, _ = matrix(found, row, seen, target)
        shares = [told(self.objective, np.asarray(booster.predict(x, num_threads=THREADS))) for booster in self.boosters]
        made = np.mean(shares, axis=0) * level(found, row, seen)
        return np.maximum(made, 0).reshape(series, horizon).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write each booster as text, objective and categories as JSON."""
        for number, booster in enumerate(self.boosters):
            (folder / f"{_BOOSTER}{number}.txt").write_text(booster.model_to_string())
        told = {"boosters": len(self.boosters), "objective": self.objective, "names": asdict(self.names)}
        (folder / _FACTS).write_text(json.dumps(told))

    @classmethod
    def load(cls, folder: Path) -> GradientBoosting:
        """Read them."""
        facts = json.loads((folder / _FACTS).read_text())
        texts = [(folder / f"{_BOOSTER}{number}.txt").read_text() for number in range(facts["boosters"])]
        names = Names(**{name: tuple(values) for name, values in facts["names"].items()})
        return cls(boosters=tuple(lgb.Booster(model_str=text) for text in texts), objective=facts["objective"], names=names)


def _trained(recipe: Recipe, rows: Rows) -> lgb.Booster:
    try:
        return lgb.train(parameters(recipe), rows.dataset(), recipe.rounds)
    except lgb.basic.LightGBMError as error:
        if recipe.compute != "gpu":
            raise
        raise ComputeMissingError(
            "The recipe asks for a GPU that LightGBM does not find.",
            given=f"compute gpu: {error}",
            allowed="a machine with an OpenCL device, or compute cpu",
            remedy="Leave `compute` out of the recipe, or run the step on a cluster with GPUs.",
        ) from error


def parameters(recipe: Recipe) -> dict[str, Any]:
    """What `lgb.train` is given."""
    row_share = {"bagging_fraction": recipe.row_share, "bagging_freq": 1} if recipe.row_share < 1 else {}
    device = {"device_type": "gpu"} if recipe.compute == "gpu" else {"deterministic": True, "force_row_wise": True}
    return {
        "objective": "l1" if recipe.loss == LOGARITHMIC else recipe.loss,
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.least_rows,
        "feature_fraction": recipe.feature_share,
        **row_share,
        **device,
        "max_bin": MAX_BIN,
        "cat_smooth": 20,
        "num_threads": THREADS,
        "seed": recipe.seed,
        "verbosity": -1,
    }
