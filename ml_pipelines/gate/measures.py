"""Everything the rules look at, measured once from the evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from ml_pipelines.gate.bootstrap import Interval, Part, Resampling, ratio
from ml_pipelines.gate.evidence import Evidence, Prediction, Values

DECILES = 10
LEAST_SHARE = 0.01
"""Share of all sales below which a decile's bias is taken against this share: a tenth of an even decile's."""

EVEN_SHARE = 0.10
"""Share of an even store's sales below which the error in a store counts as that much."""


@dataclass(frozen=True, kw_only=True)
class Decile:
    """Bias and coverage over one tenth of the series; the tenth with the smallest volume comes first."""

    bias: Interval
    coverage: Interval


@dataclass(frozen=True, kw_only=True)
class Store:
    """The change of the error in one store, against the better of the naive and the registered model where both are known."""

    name: str
    change: Interval


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Figures of one challenger over the cells where the sale is known.

    `wape` is the sum of absolute errors over the sum of sales; `against_naive` and `against_incumbent` are the relative
    change of that sum (-0.1: a tenth less error); `bias` is forecast less sold over sold; `coverage` is the share of
    sales inside the 90 % interval. `fewest` is the smallest number of known sales in any window compared, `unusable` the
    number of known sales that the challenger has no finite forecast with ordered bounds for.
    """

    periods: int
    horizon: int
    series: int
    fewest: int
    units: float
    unusable: int
    wape: float
    naive_wape: float
    incumbent_wape: float | None
    against_naive: Interval
    against_incumbent: Interval | None
    bias: Interval
    coverage: Interval
    deciles: tuple[Decile, ...]
    stores: tuple[Store, ...]
    leaks: tuple[str, ...]

    def figures(self) -> dict[str, float | None]:
        """The figures by flat names; None stands for what is not a finite number."""
        found: dict[str, float | None] = {}
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            if isinstance(value, Interval):
                found |= _flat(name, value)
            elif not isinstance(value, tuple) and value is not None:
                found[name] = finite(value)
        for number, decile in enumerate(self.deciles, start=1):
            found[f"decile_{number}.bias"] = finite(decile.bias.value)
            found[f"decile_{number}.coverage"] = finite(decile.coverage.value)
        return found


def measure(evidence: Evidence, how: Resampling) -> Measured:
    """Measure the challenger; the comparison with a model of another recipe is over the origins, else over `y`."""
    y, challenger = evidence.y, evidence.challenger
    known, usable = np.isfinite(y), _usable(challenger)
    cells = known & usable
    with_naive = cells & np.isfinite(evidence.naive)
    pairs = _pairs(evidence)
    return Measured(
        periods=evidence.periods,
        horizon=y.shape[1],
        series=evidence.series,
        fewest=min([int(with_naive.sum()), *(int(_known(*pair).sum()) for pair in pairs)]),
        units=float(np.abs(y[known]).sum()),
        unusable=int((known & ~usable).sum()),
        wape=_wape(y, challenger.point, cells),
        naive_wape=_wape(y, evidence.naive, with_naive),
        incumbent_wape=_wape(y, evidence.incumbent.point, known) if evidence.incumbent else None,
        against_naive=change([(y, challenger.point, np.where(with_naive, evidence.naive, np.nan))], how),
        against_incumbent=change(pairs, how) if pairs else None,
        bias=_bias(challenger.point, y, cells, 0.0, how),
        coverage=_coverage(challenger, y, cells, how),
        deciles=_deciles(evidence, cells, how),
        stores=_stores(evidence, cells, how),
        leaks=evidence.leaks,
    )


def change(pairs: list[tuple[Values, Values, Values]], how: Resampling) -> Interval:
    """Relative change of the absolute error from the second forecast to the first, over (y, first, second) per cutoff."""
    found = ratio([_losses(*pair) for pair in pairs], how)
    return Interval(value=found.value - 1, lower=found.lower - 1, upper=found.upper - 1)


def finite(value: float) -> float | None:
    """The value, or None where JSON has no number for it."""
    return float(value) if math.isfinite(value) else None


def _pairs(evidence: Evidence) -> list[tuple[Values, Values, Values]]:
    if evidence.incumbent is None:
        return []
    if evidence.same_recipe:
        return [(evidence.y, evidence.challenger.point, evidence.incumbent.point)]
    return [(origin.y, origin.challenger, origin.incumbent) for origin in evidence.origins]


def _usable(prediction: Prediction) -> np.ndarray:
    ordered = (prediction.lower <= prediction.point) & (prediction.point <= prediction.upper)
    return ordered & np.isfinite(prediction.lower) & np.isfinite(prediction.upper)


def _known(*arrays: Values) -> np.ndarray:
    return np.logical_and.reduce([np.isfinite(array) for array in arrays])


def _losses(y: Values, first: Values, second: Values) -> Part:
    cells = _known(y, first, second)
    return Part(numerator=_where(cells, np.abs(first - y)), denominator=_where(cells, np.abs(second - y)))


def _where(cells: np.ndarray, values: Values) -> Values:
    return np.where(cells, values, 0.0)


def _wape(y: Values, forecast: Values, cells: np.ndarray) -> float:
    cells = cells & np.isfinite(forecast)
    sold = np.abs(y[cells]).sum(dtype=np.float64)
    return float(np.abs(forecast[cells] - y[cells]).sum(dtype=np.float64) / sold) if sold else math.nan


def _bias(forecast: Values, y: Values, cells: np.ndarray, least: float, how: Resampling) -> Interval:
    """Bias over the cells; sales below `least` units count as that many, so that rows which hardly sell can't decide."""
    short = max(0.0, least - float(y[cells].sum(dtype=np.float64)))
    sold = _where(cells, y + short / max(1, cells.sum()))
    return ratio([Part(numerator=_where(cells, forecast - y), denominator=sold)], how)


def _coverage(challenger: Prediction, y: Values, cells: np.ndarray, how: Resampling) -> Interval:
    inside = (challenger.lower <= y) & (y <= challenger.upper)
    return ratio([Part(numerator=(inside & cells).astype(float), denominator=cells.astype(float))], how)


def _deciles(evidence: Evidence, cells: np.ndarray, how: Resampling) -> tuple[Decile, ...]:
    """Tenths by volume, which is what the naive forecasts: neither the challenger nor the outcome has a hand in it."""
    y, challenger = evidence.y, evidence.challenger
    least = LEAST_SHARE * float(y[cells].sum(dtype=np.float64))
    volume, forecast = (_where(np.isfinite(values), values).sum(axis=1) for values in (evidence.naive, challenger.point))
    found = []
    for rows in np.array_split(np.lexsort((forecast, volume)), min(DECILES, len(y))):
        tenth = Prediction(challenger.point[rows], challenger.lower[rows], challenger.upper[rows])
        bias = _bias(tenth.point, y[rows], cells[rows], least, how)
        found.append(Decile(bias=bias, coverage=_coverage(tenth, y[rows], cells[rows], how)))
    return tuple(found)


def _stores(evidence: Evidence, cells: np.ndarray, how: Resampling) -> tuple[Store, ...]:
    """Each store against whichever erred less in it, the naive or the registered model.

    An error below a tenth of an even store's sales counts as that much, so that a store that was shut can't decide.
    """
    others = [evidence.naive, *([evidence.incumbent.point] if evidence.incumbent else [])]
    names = np.asarray(evidence.stores or ("",) * len(evidence.y), dtype=object)
    stores = sorted(set(names))
    least = EVEN_SHARE * float(np.abs(evidence.y[cells]).sum(dtype=np.float64)) / len(stores)
    found = []
    for name in stores:
        rows = names == name
        y, point = np.where(cells[rows], evidence.y[rows], np.nan), evidence.challenger.point[rows]
        better = min((other[rows] for other in others), key=lambda other: _error(y, other))
        found.append(Store(name=str(name), change=_growth(y, point, better, least, how)))
    return tuple(found)


def _growth(y: Values, first: Values, second: Values, least: float, how: Resampling) -> Interval:
    """Relative change of the absolute error from the second forecast to the first; the second's counts as `least` or more."""
    losses = _losses(y, first, second)
    cells = _known(y, first, second)
    short = max(0.0, least - float(losses.denominator.sum(dtype=np.float64))) / max(1, cells.sum())
    part = Part(numerator=losses.numerator - losses.denominator, denominator=losses.denominator + np.where(cells, short, 0.0))
    return ratio([part], how)


def _error(y: Values, forecast: Values) -> float:
    return float(np.nansum(np.abs(forecast - y), dtype=np.float64))


def _flat(name: str, interval: Interval) -> dict[str, float | None]:
    return {
        name: finite(interval.value),
        f"{name}.lower": finite(interval.lower),
        f"{name}.upper": finite(interval.upper),
    }
