"""A panel that a closed formula knows: Poisson sales around store x item x weekday x month x a step each year.

The shape of the public store-item contest (10 stores x 50 items x 5 years of days), with constants of its own. No model can
err less than the noise of Poisson around the mean that is returned.
"""

from __future__ import annotations

import numpy as np

from ml_pipelines.forecasting.panel import Cells, Panel

STORES, ITEMS, DAYS = 10, 50, 1826
FIRST_DAY = np.datetime64("2021-01-01", "s")
MEAN_SALES, STORE_SPREAD, ITEM_SPREAD = 50.0, 0.2, 0.45
WEEKDAYS = np.array([0.78, 0.93, 0.93, 1.0, 1.08, 1.15, 1.24])
MONTHS = np.array([0.68, 0.72, 0.88, 1.02, 1.12, 1.2, 1.3, 1.14, 1.04, 0.98, 1.02, 0.76])
STEP = (0.0, 0.15)


def easy_panel(seed: int) -> tuple[Panel, Cells]:
    """The panel and its mean, (n, t)."""
    rng = np.random.default_rng(seed)
    store, item = rng.lognormal(0, STORE_SPREAD, (STORES, 1, 1)), rng.lognormal(np.log(MEAN_SALES), ITEM_SPREAD, (1, ITEMS, 1))
    ds = FIRST_DAY + np.arange(DAYS) * np.timedelta64(86_400, "s")
    month = (ds.astype("datetime64[M]").astype(int) % 12).astype(int)
    year = ds.astype("datetime64[Y]").astype(int)
    steps = np.cumprod(1 + np.concatenate([[0.0], rng.uniform(*STEP, int(np.ptp(year)))]))
    when = WEEKDAYS[(ds.astype("datetime64[D]").astype(int) + 3) % 7] * MONTHS[month] * steps[year - year[0]]
    mean = (store * item * when).reshape(STORES * ITEMS, DAYS)
    return panel_of(rng.poisson(mean), ds, {}), mean.astype(np.float32)


def panel_of(sales: np.ndarray, ds: np.ndarray, covariates: dict[str, Cells]) -> Panel:
    """A daily panel of `STORES x ITEMS` series in that order."""
    stores = tuple(str(number // ITEMS + 1) for number in range(STORES * ITEMS))
    items = tuple(str(number % ITEMS + 1) for number in range(STORES * ITEMS))
    return Panel(
        unique_ids=tuple(f"{store}_{item}" for store, item in zip(stores, items, strict=True)),
        stores=stores,
        items=items,
        ds=ds,
        y=sales.astype(np.float32),
        covariates=covariates,
        frequency="daily",
        season=7,
    )
