"""The recipe: what a model is made by, data apart; its hash holds the sources of this package."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from ml_pipelines.forecasting.losses import OBJECTIVES as OF_METRIC

RUNGS = ("seasonal_naive", "multiplicative_level", "lightgbm", "combination")
"""The ladder, the cheapest first; the last is tried where a recipe names it."""
METRICS = tuple(OF_METRIC)
OBJECTIVES = ("poisson", "tweedie", "l1", "l2", "log_l1")
COMPUTES = ("cpu", "gpu")
ON_GPU = frozenset({"lightgbm", "combination"})
"""Rungs that a GPU can do something for."""


class RecipeRefusedError(FourPartError):
    """Overrides that make no recipe."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Rungs that are tried, the metric that they are chosen by, and the parameters of LightGBM; `years` of rows are fitted on.

    The loss follows the metric unless `objective` names one. `seeds` boosters are averaged, each on its own draw of
    `feature_share` of the features for a tree and of `row_share` of the rows. `compute` is the device that they train on.
    `part_series` is how many series are fitted together at most, all stores of an item in one part; 0 fits all as one.
    """

    rungs: tuple[str, ...] = RUNGS[:-1]
    metric: str = "wape"
    objective: str = ""
    rounds: int = 100
    learning_rate: float = 0.14
    leaves: int = 31
    least_rows: int = 100
    years: float = 3.0
    feature_share: float = 0.8
    row_share: float = 1.0
    seed: int = 7
    seeds: int = 1
    compute: str = "cpu"
    part_series: int = 0

    @classmethod
    def of(cls, overrides: str) -> Recipe:
        """The default recipe with the members of a JSON object changed; "" changes nothing.

        Raises:
            RecipeRefusedError: when it is no object, or a member is unknown or has another type or value.
        """
        try:
            given = json.loads(overrides or "{}")
        except ValueError as error:
            raise _refused(f"{overrides!r}: {error}") from error
        if not isinstance(given, dict):
            raise _refused(repr(overrides))
        default = asdict(cls())
        for name, value in given.items():
            if name not in default or not _fits(value, default[name]):
                raise _refused(f"{name}={value!r}")
        members: dict[str, Any] = {**given, **({"rungs": tuple(given["rungs"])} if "rungs" in given else {})}
        made = cls(**members)
        if fault := made.fault:
            raise _refused(f"{overrides}: {fault}")
        return made

    @property
    def loss(self) -> str:
        """The objective in force."""
        return self.objective or OF_METRIC[self.metric]

    @property
    def fault(self) -> str:
        """Why no model can be made by this recipe; empty when one can."""
        if not self.rungs or not set(self.rungs) <= set(RUNGS):
            return f"rungs {list(self.rungs)}"
        if self.metric not in METRICS or self.objective not in {"", *OBJECTIVES}:
            return f"metric {self.metric}, objective {self.objective}"
        least = min(self.rounds, self.leaves, self.seeds, self.least_rows, self.part_series + 1)
        if least < 1 or max(self.feature_share, self.row_share) > 1:
            return "a number out of its range"
        if self.compute not in COMPUTES:
            return f"compute {self.compute}"
        if self.compute == "gpu" and not ON_GPU & set(self.rungs):
            return f"compute gpu for {', '.join(self.rungs)}, which can't use it"
        return ""

    @property
    def hash(self) -> str:
        """16 hexadecimal digits over the members and the package's sources."""
        digest = hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode())
        for file in sorted(Path(__file__).parent.glob("*.py")):
            digest.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
        return digest.hexdigest()[:16]


def _fits(value: object, default: object) -> bool:
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return type(value) is type(default)


def _refused(given: str) -> RecipeRefusedError:
    members = ", ".join(f"{item.name} ({type(item.default).__name__})" for item in fields(Recipe))
    return RecipeRefusedError(
        "The recipe can't be used.",
        given=given,
        allowed=f"a JSON object with some of {members}; rungs of {', '.join(RUNGS)}; metric of {', '.join(METRICS)}; "
        f"objective of {', '.join(OBJECTIVES)}; compute cpu, or gpu with {', '.join(sorted(ON_GPU))}; shares up to 1, numbers from 1, part_series from 0",
        remedy="Correct the input `recipe`, or leave it out.",
    )
