"""Confidence interval of a ratio of sums over cells that share series and days: a two-way block bootstrap.

Series and blocks of successive periods are drawn anew, jointly, since the errors of one series hang together over time
and the errors of one day over series; a test that takes cells as independent promotes an equal model far too often.
Sources: Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 17 (1989);
Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1 (2007). One draw less than there are units keeps the
variance right where blocks are few: Rao and Wu, "Resampling inference with complex survey data", JASA 83 (1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.gate.evidence import Values

PERIODS_PER_BLOCK, BLOCKS = 7, 4
DRAWN_AT_ONCE = 4_000_000
"""Draws held in memory at a time; keeps a panel of 30,000 series under 100 MB."""

type Sums = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A measured value with the bounds that 95 % of the resamples lie between."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Cells of one cutoff, both (series, horizon); cells that do not count hold 0 in both arrays."""

    numerator: Values
    denominator: Values


@dataclass(frozen=True, kw_only=True)
class Resampling:
    """How many resamples, from which seed; `tail` is the share of resamples beyond each bound."""

    resamples: int = 1000
    seed: int = 20_170_101
    tail: float = 0.025


def ratio(parts: Sequence[Part], how: Resampling) -> Interval:
    """Sum of the numerators over sum of the denominators, with its interval; parts must have the same series in one order.

    The order of series does not matter. 0 over 0 counts as 1: neither side is the larger.
    """
    above = np.concatenate([_in_blocks(part.numerator) for part in parts], axis=1)
    below = np.concatenate([_in_blocks(part.denominator) for part in parts], axis=1)
    order = np.lexsort(np.concatenate([above, below], axis=1).T)
    drawn = _resampled(above[order], below[order], how)
    low, high = np.quantile(drawn, [how.tail, 1 - how.tail], method="inverted_cdf")
    total = _divided(np.atleast_1d(above.sum()), np.atleast_1d(below.sum()))
    return Interval(value=float(total[0]), lower=float(low), upper=float(high))


def block_length(horizon: int) -> int:
    """Periods per block: a week of days, and less where the horizon would not fill four blocks."""
    return max(1, min(PERIODS_PER_BLOCK, horizon // BLOCKS))


def _in_blocks(cells: Values) -> Sums:
    """Sums per series and block, (series, blocks)."""
    horizon = cells.shape[1]
    length = block_length(horizon)
    starts = np.arange(0, horizon - horizon % length, length)
    return np.add.reduceat(np.asarray(cells, dtype=np.float64), starts, axis=1)


def _resampled(above: Sums, below: Sums, how: Resampling) -> Sums:
    random = np.random.default_rng(how.seed)
    series, blocks = above.shape
    chunk = max(1, DRAWN_AT_ONCE // series)
    found = []
    for start in range(0, how.resamples, chunk):
        size = min(chunk, how.resamples - start)
        of_series, of_blocks = _counts(random, size, series), _counts(random, size, blocks)
        found.append(_divided(((of_series @ above) * of_blocks).sum(axis=1), ((of_series @ below) * of_blocks).sum(axis=1)))
    return np.concatenate(found)


def _counts(random: np.random.Generator, size: int, units: int) -> Sums:
    """How often each unit is drawn in each of `size` resamples, (size, units)."""
    drawn = random.integers(0, units, (size, max(1, units - 1))) + np.arange(size)[:, None] * units
    return np.bincount(drawn.ravel(), minlength=size * units).reshape(size, units).astype(np.float64)


def _divided(above: Sums, below: Sums) -> Sums:
    """Quotients; over 0 they are 1 when both are 0 and infinite otherwise."""
    nothing = np.where(above == 0, 1.0, np.copysign(np.inf, above))
    return np.where(below == 0, nothing, above / np.where(below == 0, 1.0, below))
