"""The bounds of the gate's rules; a run with other bounds states them here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field

from ml_pipelines.gate.bootstrap import Resampling


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of every rule; shares and relative changes, not per cent.

    `margin`: the upper bound of the change of the error must lie below its negative for another recipe to win.
    `minimum_effect`: the least gain worth a change of recipe, measured. `not_worse`: what the upper bound may reach when
    only the data are newer. `bias`: largest bias over all cells, `decile_bias` over one decile of volume; `coverage`:
    share of sales inside the 90 % interval over all cells, `decile_coverage` the least of it in one decile (slow sellers
    sell whole units, so that their intervals cover more than was asked for). A decile breaks its bound only when its
    whole confidence interval does. `periods`, `horizons`: least history in periods and as a multiple of the horizon;
    `series`, `actuals`: least number of series, and of known sales in each window compared.
    """

    margin: float = 0.0
    minimum_effect: float = 0.005
    not_worse: float = 0.01
    bias: float = 0.10
    decile_bias: float = 0.30
    coverage: tuple[float, float] = (0.87, 0.93)
    decile_coverage: float = 0.80
    store: float = 0.10
    periods: int = 24
    horizons: int = 4
    series: int = 10
    actuals: int = 200
    resampling: Resampling = field(default_factory=Resampling)
