"""Axes: round ticks, and numbers to places on the drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

STEPS = (1, 2, 2.5, 5, 10, 20)
NOTHING = 1e-100
"""A range narrower than this has no width that could be divided."""


@dataclass(frozen=True)
class Scale:
    """A linear scale from [`low`, `high`] to [`start`, `end`] on the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value is drawn."""
        width = (self.high - self.low) or 1.0
        return self.start + (value - self.low) / width * (self.end - self.start)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers within a range, `most` (2 or more) of them or fewer; both ends of the range lie within one step of them."""
    span = high - low
    if not math.isfinite(span) or span < NOTHING:
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    step = next(times * magnitude for times in STEPS if span <= (most - 1) * times * magnitude)
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """A coordinate with one decimal, short."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def told(value: float) -> str:
    """A tick's label: no decimals that say nothing, and no more than seven letters."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size:
            return f"{value / size:,.10g}{unit}"
    return f"{value:,.10g}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"
