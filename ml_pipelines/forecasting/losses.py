"""Which loss LightGBM gets for the metric that a recipe names, on sales divided by each series' level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml_pipelines.forecasting.panel import Cells

OBJECTIVES = {"wape": "poisson", "wmae": "poisson", "wrmsse": "tweedie", "mape": "log_l1", "smape": "log_l1"}
"""Objective by metric. WAPE, WMAE and WRMSSE are sums in units, of which the forecast has to be unbiased: losses that ask for
the mean, as the winners of the M5 contest had (Makridakis et al., IJF 2022). MAPE and sMAPE are relative, so that medians of
logarithms answer them. `log_l1` is LightGBM's `l1` on logarithms."""
LOGARITHMIC = "log_l1"
HOLIDAY_WEIGHT = 5
"""Of a period that holds a holiday, in WMAE."""
MOST_SHARE = 20.0
"""What sales count as at most, in levels. An item that is launched, or comes back, sells thousands of times the level of the months
without it, and one such row in a leaf throws the exponential of Poisson's loss beyond all numbers."""
LEAST_SHARE = 0.02
"""Sales below this share of a level count as much as it in weights and logarithms."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Targets:
    """What is fitted, `y` and `weight` (rows,), under LightGBM's own `objective`."""

    y: Cells
    weight: Cells
    objective: str


def targets(metric: str, objective: str, sold: Cells, scale: Cells, holiday: Cells) -> Targets:
    """Targets and weights for sales `sold` at levels `scale`, (rows,); `holiday` is 1 where the period holds one, else 0.

    Weights are the levels where errors count in units, five-fold on holidays for WMAE. For MAPE they are 1 / sales: the
    weighted median minimises the mean of relative errors, on logarithms as on sales, since it follows any monotone map.
    For sMAPE they are the slope of its loss at the level, 4r / (1 + r)² with r = sales / level.
    """
    share = np.minimum(sold / scale, MOST_SHARE)
    if objective != LOGARITHMIC:
        weight = scale * (1 + (HOLIDAY_WEIGHT - 1) * holiday) if metric == "wmae" else scale
        return Targets(y=share, weight=weight, objective=objective)
    low = np.maximum(share, LEAST_SHARE)
    weight = 1 / low if metric == "mape" else 4 * share / (1 + share) ** 2
    return Targets(y=np.log(low), weight=weight.astype(np.float32), objective="l1")


def told(objective: str, predicted: Cells) -> Cells:
    """Shares of the level that a prediction stands for."""
    return np.exp(predicted) if objective == LOGARITHMIC else predicted
