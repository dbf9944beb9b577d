"""How far apart the periods of a panel are, read from the dates themselves, and how long its season is.

A period is a fixed number of seconds (hours, days, weeks, any regular step) or of calendar months. Gaps are allowed:
the step is the most frequent distance between neighbouring dates of a series, and all dates must lie on its grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import numpy as np
from ibis.expr.types import Table
from numpy.typing import NDArray

from contracts.errors import FourPartError
from data_ops.columns import col
from data_ops.schema import DS, UNIQUE_ID

HOUR, DAY, WEEK = 3600, 86_400, 604_800
MONTHS_BY_DAYS: Mapping[int, int] = {
    **dict.fromkeys((28, 29, 30, 31), 1),
    **dict.fromkeys((59, 60, 61, 62), 2),
    **dict.fromkeys((89, 90, 91, 92), 3),
    **dict.fromkeys((181, 182, 183, 184), 6),
    **dict.fromkeys((365, 366), 12),
}
NAMED: Mapping[tuple[int, int], str] = {
    (HOUR, 0): "hourly",
    (DAY, 0): "daily",
    (WEEK, 0): "weekly",
    (0, 1): "monthly",
    (0, 3): "quarterly",
    (0, 12): "yearly",
}
STEPS_TO_JUDGE = 8
STEADY_SHARE = 0.9
SECOND_STEP_SHARE = 0.2
ROUNDING = 1e-18
"""Share of the sum of squares below which what the moving average leaves is rounding."""


class FrequencyUnknownError(FourPartError):
    """No series has two dates, so no distance between dates exists."""


class FrequencyMixedError(FourPartError):
    """Series, or parts of them, have different frequencies."""


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """The step of a panel: `seconds` or `months`, the other is 0."""

    seconds: int = 0
    months: int = 0

    @property
    def name(self) -> str:
        """`daily`, `weekly`, ... or the step in seconds or months."""
        told = f"every {self.seconds} seconds" if self.seconds else f"every {self.months} months"
        return NAMED.get((self.seconds, self.months), told)

    @property
    def periods_per_year(self) -> float:
        """Periods in a mean Gregorian year."""
        return 12 / self.months if self.months else 365.2425 * DAY / self.seconds

    def season_candidates(self) -> tuple[int, ...]:
        """Cycles in periods that calendars and trading weeks bring, shortest first."""
        if self.months:
            return (12 // self.months,) if self.months < 12 and 12 % self.months == 0 else ()  # noqa: PLR2004 - months in a year
        if self.seconds < DAY:
            return tuple(cycle // self.seconds for cycle in (DAY, WEEK) if cycle % self.seconds == 0)
        if self.seconds == DAY:
            return (7, 365)
        yearly = round(self.periods_per_year)
        return (yearly,) if yearly > 1 else ()


@dataclass(frozen=True, kw_only=True)
class Steps:
    """One class of distance: how many neighbouring dates have it, and how many series have it most often and steadily."""

    seconds: int
    count: int
    series: int
    steady: int


def steps(kept: Table) -> Table:
    """Distances between neighbouring dates: `seconds`, `count`, `series` (mode of), `steady` (series that hold to it)."""
    order = ibis.window(group_by=col(kept, UNIQUE_ID), order_by=col(kept, DS))
    epoch = col(kept, DS).epoch_seconds()
    apart = kept.select(UNIQUE_ID, seconds=epoch - epoch.lag().over(order)).drop_null("seconds")
    per_series = apart.group_by([UNIQUE_ID, "seconds"]).agg(n=apart.count())
    whole = ibis.window(group_by=col(per_series, UNIQUE_ID))
    ranked = per_series.mutate(
        total=col(per_series, "n").sum().over(whole),
        rank=ibis.row_number().over(
            ibis.window(group_by=col(per_series, UNIQUE_ID), order_by=[col(per_series, "n").desc(), col(per_series, "seconds")])
        ),
    )
    mode = col(ranked, "rank") == 0
    steady = mode & (col(ranked, "total") >= STEPS_TO_JUDGE) & (col(ranked, "n") >= col(ranked, "total") * STEADY_SHARE)
    return ranked.group_by("seconds").agg(count=col(ranked, "n").sum(), series=mode.sum(), steady=steady.sum())


def infer(found: list[Steps]) -> Frequency:
    """The frequency of a panel from its distances.

    Raises:
        FrequencyUnknownError: when there is no distance at all.
        FrequencyMixedError: when series hold steadily to another step than most, or one step in five is another named one.
    """
    if not found:
        raise FrequencyUnknownError(
            "The frequency can't be read from the dates.",
            given="no series with two different dates",
            allowed="at least one series with two good rows",
            remedy="Check the columns `store` and `item`, or send more periods.",
        )
    calendar_months = _in_calendar_months(found)
    counts, series, steady = (_by_frequency(found, calendar_months, what) for what in ("count", "series", "steady"))
    chosen = max(series, key=lambda step: (series[step], counts[step], -step.seconds))
    _require_one(chosen, counts, steady)
    return chosen


def season(chosen: Frequency, means: NDArray[np.float64]) -> int:
    """The season in periods: the first candidate cycle that the panel's mean by period shows, else 1.

    The test is X-11's for stable seasonality (Ladiray and Quenneville 2001, section 3.2): after taking out the centred
    moving average of one cycle, the variance between positions in the cycle against that within them, at the 0.1 %
    level. `means` has shape (periods,); three full cycles are needed.
    """
    for cycle in chosen.season_candidates():
        if cycle > 1 and len(means) >= 3 * cycle and _seasonal(means, cycle):
            return cycle
    return 1


def _seasonal(means: NDArray[np.float64], cycle: int) -> bool:
    rest = _without_trend(means, cycle)
    position = np.arange(len(rest)) % cycle
    counts = np.bincount(position, minlength=cycle)
    centres = np.bincount(position, rest, cycle) / counts
    between = float(counts @ (centres - rest.mean()) ** 2)
    within = float(np.sum((rest - centres[position]) ** 2))
    if between + within <= float(means @ means) * ROUNDING:
        return False
    return between * (len(rest) - cycle) > within * (cycle - 1) * _limit(cycle - 1)


def _without_trend(means: NDArray[np.float64], cycle: int) -> NDArray[np.float64]:
    weights = np.full(cycle + 1 - cycle % 2, 1 / cycle)
    if cycle % 2 == 0:
        weights[[0, -1]] /= 2
    half = len(weights) // 2
    trend: NDArray[np.float64] = np.convolve(means, weights, mode="valid")
    return means[half : len(means) - half] - trend


def _limit(freedom: int) -> float:
    """The 99.9 % point of chi-square over its degrees of freedom, to which F tends (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return float((1 - spread + 3.09 * np.sqrt(spread)) ** 3)


def _in_calendar_months(found: list[Steps]) -> bool:
    """Whether some series step by calendar months; 28 days alone are four weeks."""
    return any(step.series and step.seconds % DAY == 0 and step.seconds // DAY in MONTHS_BY_DAYS.keys() - {28} for step in found)


def _frequency(seconds: int, *, calendar_months: bool) -> Frequency:
    days, rest = divmod(seconds, DAY)
    months = MONTHS_BY_DAYS.get(days, 0) if calendar_months and rest == 0 else 0
    return Frequency(months=months) if months else Frequency(seconds=seconds)


def _by_frequency(found: list[Steps], calendar_months: bool, what: str) -> dict[Frequency, int]:  # noqa: FBT001 - private
    sums: dict[Frequency, int] = {}
    for step in found:
        kind = _frequency(step.seconds, calendar_months=calendar_months)
        sums[kind] = sums.get(kind, 0) + int(getattr(step, what))
    return sums


def _require_one(chosen: Frequency, counts: Mapping[Frequency, int], steady: Mapping[Frequency, int]) -> None:
    total = sum(counts.values())
    others = {
        step
        for step, count in counts.items()
        if step != chosen and (steady[step] > 0 or ((step.seconds, step.months) in NAMED and count > total * SECOND_STEP_SHARE))
    }
    if others:
        told = ", ".join(f"{step.name} ({counts[step]} steps)" for step in sorted({chosen, *others}, key=lambda s: -counts[s]))
        raise FrequencyMixedError(
            "The panel mixes frequencies.",
            given=told,
            allowed="one frequency for all series, gaps allowed",
            remedy="Split the file by frequency, or bring all series to one before ingesting.",
        )
