"""Features that know only the past: lags and rolling statistics in multiples of the season, plus calendar and covariates."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
from ibis.expr.types import NumericValue, Table

from data_ops.schema import DS, IMPUTED, UNIQUE_ID, Y, covariates

SHORT = (1, 2, 4)
LONG_SEASON = 14
MULTIPLES = (1, 2, 4)


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """Which lags and rolling windows to build, in periods."""

    lags: tuple[int, ...]
    windows: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns made from past sales, in order."""
        rolled = (f"{kind}_{size}" for size in self.windows for kind in ("mean", "std"))
        return (*(f"lag_{lag}" for lag in self.lags), *rolled)


def feature_set(season: int, periods: int) -> FeatureSet:
    """Lag 1, and one, two and four seasons back; short ones too where the season is long or absent.

    None reaches further than half of `periods`, the length of the longest series.
    """
    short = SHORT if season == 1 or season > LONG_SEASON else (1,)
    reach = max(1, periods // 2)
    lags = sorted({lag for lag in (*short, *(season * times for times in MULTIPLES)) if lag <= reach})
    sizes = sorted({size for size in (*short, season, 4 * season) if 1 < size <= reach})
    return FeatureSet(lags=tuple(lags), windows=tuple(sizes))


def features(panel: Table, calendar: Table, wanted: FeatureSet) -> Table:
    """One row for each panel row: keys, `y`, `imputed`, features, calendar columns, covariates.

    Of a covariate and a column of the calendar with one name the calendar's is taken. `lag_k` is `y` k periods before; `mean_n` and `std_n` (sample) are over the n periods that end one period before.
    Imputed periods count as unknown in all of them.
    """
    seen = panel.mutate(_seen=panel[IMPUTED].ifelse(ibis.null("float64"), panel[Y]))
    columns = {
        **{f"lag_{lag}": _lag(seen, lag) for lag in wanted.lags},
        **{f"mean_{size}": _past(seen, size, "mean") for size in wanted.windows},
        **{f"std_{size}": _past(seen, size, "std") for size in wanted.windows},
    }
    known = [name for name in calendar.columns if name not in ("period", DS)]
    folded = {name.casefold() for name in known}
    extra = tuple(name for name in covariates(panel.columns) if name.casefold() not in folded)
    made = seen.mutate(**columns).drop(*(name for name in covariates(panel.columns) if name not in extra))
    joined = made.join(calendar.drop(DS), "period")
    return joined.select(UNIQUE_ID, DS, Y, IMPUTED, "store", "item", "period", *wanted.names, *known, *extra)


def _lag(seen: Table, lag: int) -> NumericValue:
    return seen["_seen"].lag(lag).over(ibis.window(group_by=seen[UNIQUE_ID], order_by=seen[DS]))


def _past(seen: Table, size: int, kind: str) -> NumericValue:
    past = ibis.window(group_by=seen[UNIQUE_ID], order_by=seen[DS], preceding=(size, 1))
    value = seen["_seen"].mean() if kind == "mean" else seen["_seen"].std(how="sample")
    return value.over(past)
