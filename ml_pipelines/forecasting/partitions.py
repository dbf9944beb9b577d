"""Large panels in parts, so that memory follows the part and not the panel.

All series of an item are in one part, since features pool over an item's stores; what is pooled over a store's items is pooled
within the part. The parts follow from the panel's items alone, so that fitting and forecasting see the same ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ml_pipelines.forecasting.panel import Panel

MOST_SERIES = 2000
MOST_ROWS = 2_000_000
"""Rows that a booster is fitted on at most; of more a share is drawn."""


def partitions(panel: Panel, most: int = MOST_SERIES) -> list[NDArray[np.int64]]:
    """Rows of the panel by part, `most` series each unless one item alone has more; one part for a panel of no more."""
    if len(panel.y) <= most:
        return [np.arange(len(panel.y))]
    _, item = np.unique(np.asarray(panel.items, dtype=object).astype(str), return_inverse=True)
    sizes = np.bincount(item)
    part = np.array(list(_packed(sizes.tolist(), most)))[item]
    return [np.flatnonzero(part == number) for number in range(int(part.max()) + 1)]


def share(panel: Panel, oldest: int, most: int = MOST_ROWS) -> float:
    """The share of the known cells from period `oldest` on that is fitted on."""
    return min(1.0, most / max(1, int(np.isfinite(panel.y[:, oldest:]).sum())))


def _packed(sizes: list[int], most: int) -> Iterator[int]:
    """The part of each item in their order."""
    number = filled = 0
    for size in sizes:
        if filled and filled + size > most:
            number, filled = number + 1, 0
        filled += size
        yield number
