"""One small rule each: what was measured against its bound, told in words for a reader."""

from __future__ import annotations

from ml_pipelines.gate.bootstrap import Interval
from ml_pipelines.gate.decision import Reason
from ml_pipelines.gate.limits import Limits
from ml_pipelines.gate.measures import Measured, finite


def enough_history(measured: Measured, limits: Limits) -> Reason:
    """The challenger was fitted on enough periods."""
    least = max(limits.periods, limits.horizons * measured.horizon)
    return _least("enough_history", measured.periods, least, "periods of history")


def enough_series(measured: Measured, limits: Limits) -> Reason:
    """The challenger was fitted on enough series."""
    return _least("enough_series", measured.series, limits.series, "series")


def enough_actuals(measured: Measured, limits: Limits) -> Reason:
    """Every window compared has enough known sales."""
    return _least("enough_actuals", measured.fewest, limits.actuals, "known sales in the smallest window")


def some_sales(measured: Measured, limits: Limits) -> Reason:  # noqa: ARG001 - rules are called alike
    """Something was sold in the window, without which no relative error exists."""
    held = measured.units > 0
    return Reason(
        rule="some_sales", held=held, value=measured.units, bound="> 0", text=f"{measured.units:,.0f} units sold in the window"
    )


def usable(measured: Measured, limits: Limits) -> Reason:  # noqa: ARG001 - rules are called alike
    """Every known sale has a finite forecast between its bounds."""
    count = measured.unusable
    text = (
        f"{count:,} known sales without a finite forecast between its bounds"
        if count
        else "every known sale has a finite forecast"
    )
    return Reason(rule="usable", held=count == 0, value=count, bound="0", text=text)


def naive_floor(measured: Measured, limits: Limits) -> Reason:  # noqa: ARG001 - rules are called alike
    """The challenger errs less than the seasonal naive, with confidence."""
    change = measured.against_naive
    text = f"WAPE {_share(measured.wape)} against seasonal naive {_share(measured.naive_wape)}: {_change(change)}"
    return Reason(rule="naive_floor", held=change.upper < 0, value=finite(change.upper), bound="< 0", text=text)


def bias(measured: Measured, limits: Limits) -> Reason:
    """The sum of all forecasts is near the sum of all sales."""
    value, bound = measured.bias.value, limits.bias
    text = f"forecasts {_signed(value)} off all sales, allowed ±{_share(bound)}"
    return Reason(rule="bias", held=abs(value) <= bound, value=finite(value), bound=f"-{bound:g} to {bound:g}", text=text)


def coverage(measured: Measured, limits: Limits) -> Reason:
    """The 90 % interval holds about 90 % of all sales."""
    value, (low, high) = measured.coverage.value, limits.coverage
    text = f"the 90 % interval held {_share(value)} of the sales, allowed {_share(low)} to {_share(high)}"
    return Reason(rule="coverage", held=low <= value <= high, value=finite(value), bound=f"{low:g} to {high:g}", text=text)


def decile_bias(measured: Measured, limits: Limits) -> Reason:
    """No tenth of the series, by volume, is forecast far off its sales."""
    bound = limits.decile_bias
    beyond = [max(tenth.bias.lower, -tenth.bias.upper) for tenth in measured.deciles]
    worst = beyond.index(max(beyond))
    value = measured.deciles[worst].bias.value
    text = f"volume decile {worst + 1}, the worst: forecasts {_signed(value)} off its sales, allowed ±{_share(bound)}"
    held = beyond[worst] <= bound
    return Reason(rule="decile_bias", held=held, value=finite(value), bound=f"-{bound:g} to {bound:g}", text=text)


def decile_coverage(measured: Measured, limits: Limits) -> Reason:
    """The 90 % interval does not fail one tenth of the series, by volume."""
    least = limits.decile_coverage
    reached = [tenth.coverage.upper for tenth in measured.deciles]
    worst = reached.index(min(reached))
    value = measured.deciles[worst].coverage.value
    text = f"volume decile {worst + 1}, the worst: the 90 % interval held {_share(value)} of its sales, allowed {_share(least)} or more"
    return Reason(rule="decile_coverage", held=reached[worst] >= least, value=finite(value), bound=f">= {least:g}", text=text)


def worst_store(measured: Measured, limits: Limits) -> Reason:
    """In no store the challenger errs far more than what was there before it: the naive or the registered model."""
    worst, bound = max(measured.stores, key=lambda store: store.change.lower), limits.store
    name = f"store {worst.name}, the worst" if worst.name else "all stores together"
    text = f"{name}: {_change(worst.change)} than the better of naive and registered model, allowed {_signed(bound)}"
    held = worst.change.lower <= bound
    return Reason(rule="worst_store", held=held, value=finite(worst.change.value), bound=f"<= {bound:g}", text=text)


def no_leak(measured: Measured, limits: Limits) -> Reason:  # noqa: ARG001 - rules are called alike
    """Nothing came into the forecast that is not known at the cutoff."""
    count = len(measured.leaks)
    text = "; ".join(measured.leaks) or "nothing younger than the cutoff came into the forecast"
    return Reason(rule="no_leak", held=count == 0, value=count, bound="0", text=text)


def superior(change: Interval, limits: Limits) -> Reason:
    """The challenger errs less than the registered model, with confidence."""
    bound = 0.0 - limits.margin
    text = f"both recipes fitted anew: {_change(change)} than the registered model's; the upper bound must lie below {_signed(bound)}"
    return Reason(rule="superior", held=change.upper < bound, value=finite(change.upper), bound=f"< {bound:g}", text=text)


def worthwhile(change: Interval, limits: Limits) -> Reason:
    """The gain over the registered model is large enough to change the recipe for."""
    bound = -limits.minimum_effect
    text = f"error {_signed(change.value)} against the registered model, at most {_signed(bound)} asked"
    return Reason(rule="worthwhile", held=change.value <= bound, value=finite(change.value), bound=f"<= {bound:g}", text=text)


def not_worse(change: Interval, limits: Limits) -> Reason:
    """With newer data and the same recipe the challenger errs hardly more than the registered model, with confidence."""
    bound = limits.not_worse
    text = (
        f"same recipe, newer data: {_change(change)} than the registered model's; the upper bound must lie below {_signed(bound)}"
    )
    return Reason(rule="not_worse", held=change.upper < bound, value=finite(change.upper), bound=f"< {bound:g}", text=text)


def _least(rule: str, value: int, least: int, of_what: str) -> Reason:
    text = f"{value:,} {of_what}, {least:,} asked"
    return Reason(rule=rule, held=value >= least, value=value, bound=f">= {least}", text=text)


def _change(change: Interval) -> str:
    return f"error {_signed(change.value)} (95 % interval {_signed(change.lower)} to {_signed(change.upper)})"


def _share(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")


def _signed(value: float) -> str:
    return f"{value:+.2%}".replace("%", " %")
