"""How a series' sales answered to covariates before the cutoff: with and without a push, and by slopes on each covariate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ml_pipelines.forecasting.covariate_features import Ahead, Index, Sums, running
from ml_pipelines.forecasting.panel import Cells, Panel

MOSTLY = 0.5
"""Share of zeros from which a covariate without negative values is taken for a push: a deal, a promotion, a display."""
MOST_EFFECT = 2.0
PRIOR = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Slope:
    """Running sums (n, periods + 1) of a covariate, of its square and of its product with log sales, where sales are known."""

    x: Sums
    xx: Sums
    xy: Sums


@dataclass(frozen=True, kw_only=True, eq=False)
class Responses:
    """Running sums (n, periods + 1): counts and sums of sales without and with a push, log sales, and a slope by covariate."""

    quiet: tuple[Sums, Sums]
    pushed: tuple[Sums, Sums]
    logs: tuple[Sums, Sums]
    slopes: Mapping[str, Slope]


def pushes(covariates: Mapping[str, Cells]) -> tuple[str, ...]:
    """Covariates that are above 0 at times, never below, and 0 in most cells."""
    found = []
    for name, cells in sorted(covariates.items()):
        known = cells[np.isfinite(cells)]
        if known.size and known.min() >= 0 and known.max() > 0 and (known == 0).mean() >= MOSTLY:
            found.append(name)
    return tuple(found)


def responses(panel: Panel, ahead: Mapping[str, Ahead], pushing: Sequence[str]) -> Responses:
    """Of the known sales of a panel; `pushing` names the covariates that are pushes."""
    known = np.isfinite(panel.y)
    sold = np.nan_to_num(panel.y)
    pushed = np.zeros(known.shape, dtype=bool)
    for name in pushing:
        pushed |= ahead[name].values[:, : panel.periods] > 0
    logs = np.log1p(sold) * known
    slopes = {}
    for name, found in ahead.items():
        x = np.where(known, found.values[:, : panel.periods], 0).astype(np.float64)
        slopes[name] = Slope(x=running(x), xx=running(x * x), xy=running(x * logs))
    quiet, loud = known & ~pushed, known & pushed
    return Responses(
        quiet=(running(quiet), running(np.where(quiet, sold, 0))),
        pushed=(running(loud), running(np.where(loud, sold, 0))),
        logs=(running(known), running(logs)),
        slopes=slopes,
    )


def response_columns(
    found: Responses, ahead: Mapping[str, Ahead], *, row: Index, cutoff: Index, target: Index, panel: Panel, scale: Cells
) -> dict[str, Cells]:
    """Mean sales without and with a push over a month, a quarter and two years of weeks, and what each covariate's value ahead is worth.

    An effect is the change of log sales by the least-squares slope over the last year, drawn to 0 where there was little
    to learn it from.
    """
    season, columns = max(2, panel.season), dict[str, Cells]()
    for window in sorted({4 * season, 13 * season, 2 * panel.yearly}):
        for name, (counts, sums) in (("quiet", found.quiet), ("pushed", found.pushed)):
            count, total = (_within(part, row, cutoff, window) for part in (counts, sums))
            mean = np.divide(total, count, out=np.full(len(row), np.nan), where=count > 0)
            columns[f"{name}_{window}"] = (mean / scale).astype(np.float32)
    count, logs = (_within(part, row, cutoff, panel.yearly) for part in found.logs)
    count = np.maximum(count, 1)
    for name, slope in found.slopes.items():
        x, xx, xy = (_within(part, row, cutoff, panel.yearly) / count for part in (slope.x, slope.xx, slope.xy))
        spread, prior = xx - x * x, PRIOR * xx / np.sqrt(count)
        size = np.maximum(spread, 0) + prior
        steep = np.divide(xy - x * logs / count, size, out=np.zeros(len(row)), where=size > 0)
        effect = np.clip(steep * (ahead[name].values[row, target] - x), -MOST_EFFECT, MOST_EFFECT)
        columns[f"{name}_effect"] = effect.astype(np.float32)
        columns[f"{name}_others"] = ahead[name].by_store[row, target]
    return columns


def _within(sums: Sums, row: Index, cutoff: Index, window: int) -> Sums:
    found: Sums = sums[row, cutoff] - sums[row, np.maximum(cutoff - window, 0)]
    return found
