"""A retail panel with known truth: hard in the ways real sales are, and the same on every machine for one seed.

Negative binomial sales around a conditional mean made of store and item levels, a drifting trend, weekday and yearly
seasons, holidays, prices and promotions known ahead. Stockouts and late launches leave zeros. The mean is returned, so
the error of a perfect forecast is known. All constants are below and were set before any model saw the panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray

from contracts.errors import FourPartError
from data_ops.holidays import holidays

FIRST_DAY = date(2021, 1, 1)
STORES, ITEMS, DAYS = 10, 50, 1826
SEED = 20_210_101

MEDIAN_SALES, STORE_SPREAD, ITEM_SPREAD = 22.0, 0.30, 0.55
SLOW_SHARE, SLOW_LEVEL = 0.20, 0.04
WEEKDAYS = np.array([0.84, 0.82, 0.88, 0.96, 1.14, 1.30, 1.06])
WEEKDAY_SPREAD = 0.06
YEAR_SWING, TREND_SD, TREND_KNOT = 0.28, 0.035, 91
HOLIDAY_LIFT, CLOSED = 0.45, ("christmas",)
PRICE_MEDIAN, PRICE_SPREAD, PRICE_STEP, PRICE_EVERY = 4.0, 0.5, 0.03, 182
PROMO_SHARE, PROMO_LENGTH, PROMO_DEPTH = 0.09, 7, (0.10, 0.35)
ELASTICITY, DISPLAY_LIFT = (1.2, 2.8), (1.1, 1.6)
DISPERSION = (2.5, 14.0)
STOCKOUT_RATE, STOCKOUT_LENGTH = 0.0035, 4
LATE_SHARE, LATE_WITHIN = 0.08, 0.5

type Cells = NDArray[np.float64]
"""An array over (stores, items, days)."""


class SizeRefusedError(FourPartError):
    """A panel size that makes no panel."""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """`sales`: date, store, item, sales, price, promo. `truth`, row for row: mean, dispersion, available.

    Sales have variance `mean + mean² / dispersion` while `available` is true, and are 0 while it is false.
    """

    sales: pa.Table
    truth: pa.Table


def generate(*, stores: int = STORES, items: int = ITEMS, days: int = DAYS, seed: int = SEED) -> Generated:
    """A panel of `stores × items × days` rows, ordered by store, item and day.

    Raises:
        SizeRefusedError: when a size is below 1.
    """
    if min(stores, items, days) < 1:
        raise SizeRefusedError(
            "The panel has no rows.",
            given=f"{stores} stores, {items} items, {days} days",
            allowed="1 or more of each",
            remedy="Give larger --stores, --items and --days.",
        )
    rng = np.random.default_rng(seed)
    shape = (stores, items, days)
    calendar = [FIRST_DAY + timedelta(days=index) for index in range(days)]
    price, promo, pushed = _prices(rng, shape)
    mean = _levels(rng, shape) * _trend(rng, shape) * _seasons(rng, shape, calendar) * _holidays(rng, shape, calendar) * pushed
    available = ~(_stockouts(rng, shape) | _before_launch(rng, shape))
    dispersion = np.broadcast_to(rng.uniform(*DISPERSION, (1, items, 1)), shape)
    sales = rng.poisson(rng.gamma(dispersion, mean / dispersion)) * available
    return Generated(sales=_sales(calendar, sales, price, promo), truth=_truth(mean, dispersion, available))


def write(table: pa.Table, path: Path) -> None:
    """Write a table as CSV when the name ends in `.csv`, else as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    if path.suffix.lower() == ".csv":
        pa_csv.write_csv(table, draft)
    else:
        pq.write_table(table, draft)
    draft.replace(path)


def _levels(rng: Generator, shape: tuple[int, int, int]) -> Cells:
    stores, items, _ = shape
    slow = rng.permutation(items).reshape(1, items, 1) < SLOW_SHARE * items
    item = rng.lognormal(np.log(MEDIAN_SALES), ITEM_SPREAD, (1, items, 1)) * np.where(slow, SLOW_LEVEL, 1.0)
    return item * rng.lognormal(0, STORE_SPREAD, (stores, 1, 1)) * rng.lognormal(0, STORE_SPREAD / 2, (stores, items, 1))


def _trend(rng: Generator, shape: tuple[int, int, int]) -> Cells:
    """A random walk of the log level in quarterly knots, its own for each store and each item."""
    stores, items, days = shape
    knots = days // TREND_KNOT + 2
    at = np.arange(knots) * TREND_KNOT
    walks = rng.normal(0, TREND_SD, (stores + items, knots)).cumsum(axis=1)
    smooth = np.array([np.interp(np.arange(days), at, walk) for walk in walks])
    return np.exp(smooth[:stores, None, :] + smooth[None, stores:, :])


def _seasons(rng: Generator, shape: tuple[int, int, int], calendar: list[date]) -> Cells:
    stores, items, _ = shape
    weekday = np.array([day.weekday() for day in calendar])
    profile = WEEKDAYS * np.exp(rng.normal(0, WEEKDAY_SPREAD, (stores, 7)))
    angle = 2 * np.pi * np.array([day.timetuple().tm_yday for day in calendar]) / 365.25
    phase, swing = rng.uniform(0, 2 * np.pi, (items, 1)), rng.uniform(0, YEAR_SWING, (items, 1))
    yearly = np.exp(swing * np.cos(angle - phase) + swing / 3 * np.cos(2 * angle - phase))
    return profile[:, None, weekday] * yearly[None, :, :]


def _holidays(rng: Generator, shape: tuple[int, int, int], calendar: list[date]) -> Cells:
    """Each item answers to each holiday in its own way, half as much the day before; stores close on some."""
    _, items, _ = shape
    known = {day: name for year in range(calendar[0].year, calendar[-1].year + 2) for day, name in holidays(year).items()}
    names = sorted({*holidays(calendar[0].year).values()})
    answer = rng.normal(HOLIDAY_LIFT / 2, HOLIDAY_LIFT / 2, (len(names), items))
    effect = np.ones((items, len(calendar)))
    for index, day in enumerate(calendar):
        if name := known.get(day):
            effect[:, index] *= 0.05 if name in CLOSED else np.exp(answer[names.index(name)])
        if eve := known.get(day + timedelta(days=1)):
            effect[:, index] *= np.exp(answer[names.index(eve)] / 2)
    return effect[None, :, :]


def _prices(rng: Generator, shape: tuple[int, int, int]) -> tuple[Cells, NDArray[np.bool_], Cells]:
    """Price paid, promotion flag, and the lift of both on sales; a promotion holds for all of an item's stores or for one."""
    stores, items, days = shape
    base = rng.lognormal(np.log(PRICE_MEDIAN), PRICE_SPREAD, (1, items, 1))
    changes = rng.normal(0.01, PRICE_STEP, (1, items, days // PRICE_EVERY + 1)).cumsum(axis=2)
    regular = base * np.exp(changes)[:, :, np.arange(days) // PRICE_EVERY]
    weeks = days // PROMO_LENGTH + 1
    chain, own = rng.random((1, items, weeks)) < PROMO_SHARE, rng.random((stores, items, weeks)) < PROMO_SHARE / 4
    depth = rng.uniform(*PROMO_DEPTH, (1, items, weeks)) * (chain | own)
    cut = depth[:, :, np.arange(days) // PROMO_LENGTH]
    promo = cut > 0
    elasticity, display = rng.uniform(*ELASTICITY, (1, items, 1)), rng.uniform(*DISPLAY_LIFT, (1, items, 1))
    # Only the cut moves sales: the drift of the regular price is part of the trend that people have got used to.
    lift = (1 - cut) ** -elasticity * np.where(promo, display, 1.0)
    return np.round(regular * (1 - cut), 2), promo, lift


def _stockouts(rng: Generator, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    begun = rng.random(shape) < STOCKOUT_RATE
    out = begun.copy()
    for later in range(1, min(STOCKOUT_LENGTH, shape[2])):
        out[:, :, later:] |= begun[:, :, :-later] & (rng.random((*shape[:2], shape[2] - later)) < 1 - later / STOCKOUT_LENGTH)
    return out


def _before_launch(rng: Generator, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    _, items, days = shape
    late = rng.permutation(items).reshape(1, items, 1) < LATE_SHARE * items
    launch = np.where(late, rng.uniform(0, LATE_WITHIN * days, (1, items, 1)), 0)
    return np.broadcast_to(np.arange(days) < launch, shape)


def _sales(calendar: list[date], sales: NDArray[np.int64], price: Cells, promo: NDArray[np.bool_]) -> pa.Table:
    stores, items, days = sales.shape
    return pa.table(
        {
            "date": np.tile(np.array(calendar, dtype="datetime64[D]"), stores * items),
            "store": np.repeat(np.arange(1, stores + 1, dtype=np.int32), items * days),
            "item": np.tile(np.repeat(np.arange(1, items + 1, dtype=np.int32), days), stores),
            "sales": sales.astype(np.int32).ravel(),
            "price": price.ravel(),
            "promo": promo.astype(np.int32).ravel(),
        }
    )


def _truth(mean: Cells, dispersion: Cells, available: NDArray[np.bool_]) -> pa.Table:
    return pa.table({"mean": mean.ravel(), "dispersion": dispersion.ravel(), "available": available.ravel()})
