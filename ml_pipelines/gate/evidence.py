"""What the gate is told: forecasts beside what was sold, of the challenger, the incumbent and the seasonal naive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import FourPartError

type Values = NDArray[np.floating[Any]]
"""An array over (series, periods of the horizon)."""


class EvidenceRefusedError(FourPartError):
    """Evidence whose parts do not fit together, so that no decision can be taken from it."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Forecasts of one model from one cutoff; each array is (series, horizon), in units sold.

    `lower` and `upper` bound the 90 % interval.

    Raises:
        EvidenceRefusedError: when the three differ in shape or are not two-dimensional.
    """

    point: Values
    lower: Values
    upper: Values

    def __post_init__(self) -> None:
        _same_shape(point=self.point, lower=self.lower, upper=self.upper)


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """One cutoff at which both recipes were fitted anew: what was sold and both point forecasts, each (series, horizon).

    NaN in `y` is a period without a known sale; it does not count.

    Raises:
        EvidenceRefusedError: when the arrays differ in shape or are not two-dimensional.
    """

    y: Values
    challenger: Values
    incumbent: Values

    def __post_init__(self) -> None:
        _same_shape(y=self.y, challenger=self.challenger, incumbent=self.incumbent)


@dataclass(frozen=True, kw_only=True)
class Unchanged:
    """Training found a registered version of the same configuration fitted on the same content, and fitted nothing."""

    model: str
    version: str
    role: str


@dataclass(frozen=True, kw_only=True)
class TooShort:
    """Training could fit nothing, because the panel has `periods` in all and fitting and judging take `least`."""

    periods: int
    least: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A challenger and what it is held against, over the last periods of the panel; every array is (series, horizon).

    `incumbent` is what the registered model's stored artefact forecasts from the challenger's cutoff, None when no model
    is registered. `naive` is the seasonal naive's point forecast. `same_recipe` tells that both came from the same code,
    parameters and features; when they did not, `origins` holds cutoffs at which both were fitted anew. `periods` is the
    number of periods known at the challenger's cutoff, `series` the number of series it was fitted on. `stores` names the
    store of each series; without names all series are of one. `leaks` tells, in words, where something that is not known at
    the cutoff was seen to come into the forecast.

    Raises:
        EvidenceRefusedError: when shapes differ, or a different recipe comes without origins.
    """

    y: Values
    challenger: Prediction
    naive: Values
    periods: int
    series: int
    incumbent: Prediction | None = None
    same_recipe: bool = False
    origins: tuple[Origin, ...] = ()
    stores: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stores and len(self.stores) != len(self.y):
            raise EvidenceRefusedError(
                "Not every series has its store.",
                given=f"{len(self.stores)} stores of {len(self.y)} series",
                allowed="one name for each series, or none at all",
                remedy="Take the names from the panel that the arrays were made from.",
            )
        arrays = {"y": self.y, "challenger": self.challenger.point, "naive": self.naive}
        if self.incumbent:
            arrays["incumbent"] = self.incumbent.point
        _same_shape(**arrays)
        if self.incumbent and not self.same_recipe and not self.origins:
            raise EvidenceRefusedError(
                "The challenger's recipe differs from the registered model's, and no origin compares the two.",
                given="same_recipe=False, origins=()",
                allowed="one origin or more at which both recipes were fitted",
                remedy="Fit both recipes at earlier cutoffs and pass the forecasts as `origins`.",
            )


def _same_shape(**arrays: Values) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    if len(set(shapes.values())) == 1 and all(array.ndim == 2 and array.size for array in arrays.values()):  # noqa: PLR2004 - series, periods
        return
    raise EvidenceRefusedError(
        "The arrays of the evidence do not describe the same cells.",
        given=", ".join(f"{name} {shape}" for name, shape in shapes.items()),
        allowed="one shape (series, horizon) for all of them, with neither of the two 0",
        remedy="Build every array from the same panel and cutoff.",
    )
