"""The recipe: what a model is made by, data apart; its hash holds the sources of this package."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError

RUNGS = ("seasonal_naive", "multiplicative_level", "lightgbm")
"""The ladder, the cheapest first."""
OBJECTIVES = ("poisson", "tweedie", "l1", "l2")


class RecipeRefusedError(FourPartError):
    """Overrides that make no recipe."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Rungs that are tried, and the parameters of LightGBM; `years` of rows are fitted on.

    Poisson's loss forecasts the mean, so that sums over series are unbiased; an absolute loss would forecast the median,
    which lies below it for slow movers.
    """

    rungs: tuple[str, ...] = RUNGS
    objective: str = "poisson"
    rounds: int = 120
    learning_rate: float = 0.12
    leaves: int = 31
    least_rows: int = 100
    years: float = 3.0
    seed: int = 7

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
        if (
            not set(made.rungs) <= set(RUNGS)
            or not made.rungs
            or made.objective not in OBJECTIVES
            or min(made.rounds, made.leaves) < 1
        ):
            raise _refused(overrides)
        return made

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
        allowed=f"a JSON object with some of {members}; rungs of {', '.join(RUNGS)}; objective of {', '.join(OBJECTIVES)}",
        remedy="Correct the input `recipe`, or leave it out.",
    )
