"""Large panels in parts, so that memory follows the part and not the panel.

All series of an item are in one part, since features pool over an item's stores; what is pooled over a store's items is pooled
within the part. The parts follow from the panel's items alone, so that fitting and forecasting see the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    part = np.array(_even(np.bincount(item).tolist(), most))[item]
    return [np.flatnonzero(part == number) for number in range(int(part.max()) + 1)]


def firsts(panel: Panel, parts: Sequence[NDArray[np.int64]]) -> tuple[str, ...]:
    """The first item of each part: parts are ranges of the items in the order of their names."""
    return tuple(min(panel.items[row] for row in part) for part in parts)


def located(items: Sequence[str], first: Sequence[str]) -> NDArray[np.int64]:
    """The part of each item; one that no part has seen belongs to the part of the item that comes before it."""
    found = np.searchsorted(np.asarray(first, dtype=str), np.asarray(items, dtype=str), side="right") - 1
    return np.maximum(found, 0).astype(np.int64)


def share(panel: Panel, oldest: int, most: int = MOST_ROWS) -> float:
    """The share of the known cells from period `oldest` on that is fitted on."""
    return min(1.0, most / max(1, int(np.isfinite(panel.y[:, oldest:]).sum())))


def _even(sizes: list[int], most: int) -> list[int]:
    """The part of each item in their order: as few parts as `most` allows, and those as even as they can be."""
    count = _packed(sizes, most)[-1]
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _packed(sizes, middle)[-1] <= count else (middle + 1, high)
    return _packed(sizes, high)


def _packed(sizes: list[int], most: int) -> list[int]:
    """The part of each item in their order, each part filled before the next."""
    made, number, filled = list[int](), 0, 0
    for size in sizes:
        if filled and filled + size > most:
            number, filled = number + 1, 0
        filled += size
        made.append(number)
    return made
