"""The gate's decisions: each bad candidate is stopped by its rule, and would pass if that rule were dropped."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from ml_pipelines.gate import decide as gate
from ml_pipelines.gate.decide import decide
from ml_pipelines.gate.decision import Decision, DecisionRefusedError
from ml_pipelines.gate.evidence import Evidence, EvidenceRefusedError, Origin, Prediction, Unchanged

SERIES, HORIZON = 60, 28
STORES = tuple(f"s{index % 6}" for index in range(SERIES))


@dataclass(frozen=True)
class World:
    """Sales drawn around known means, and forecasts of them."""

    y: np.ndarray
    mean: np.ndarray
    seed: int

    def forecast(self, *, noise: float = 0.05, factor: float = 1.0, width: float = 1.645, seed: int = 1) -> Prediction:
        rng = np.random.default_rng((self.seed, seed))
        point = self.mean * factor * np.exp(rng.normal(0, noise, self.mean.shape))
        spread = width * np.sqrt(point + 0.5)
        return Prediction(point, np.maximum(point - spread, 0), point + spread)

    def evidence(self, challenger: Prediction | None = None) -> Evidence:
        rng = np.random.default_rng((self.seed, 9))
        naive = rng.poisson(self.mean).astype(float)
        told = challenger or self.forecast()
        return Evidence(y=self.y, challenger=told, naive=naive, periods=400, series=SERIES, stores=STORES)


def world(seed: int = 3) -> World:
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(3, 0.6, (SERIES, 1)))
    mean = level * (1 + 0.3 * np.sin(np.arange(HORIZON) * 2 * np.pi / 7))
    return World(y=rng.poisson(mean).astype(float), mean=mean, seed=seed)


def broken(decision: Decision) -> set[str]:
    return {reason.rule for reason in decision.reasons if not reason.held}


def scaled(here: World, forecast: Prediction, rows: np.ndarray, factor: float) -> Prediction:
    """The forecast of some series scaled, with bounds that still hold what they held."""
    point, upper = forecast.point.copy(), forecast.upper.copy()
    point[rows] *= factor
    upper[rows] = np.where(here.y[rows] <= upper[rows], np.maximum(upper, point)[rows], point[rows])
    return Prediction(point, forecast.lower, upper)


def one_decile(here: World, factor: float) -> Evidence:
    """One tenth of the series, the third smallest, scaled."""
    found = here.evidence()
    rows = np.argsort(found.naive.sum(axis=1))[12:18]
    return replace(found, challenger=scaled(here, here.forecast(), rows, factor))


def narrow_decile(forecast: Prediction) -> Prediction:
    rows = np.argsort(forecast.point.sum(axis=1))[:6]
    lower, upper = forecast.lower.copy(), forecast.upper.copy()
    lower[rows], upper[rows] = forecast.point[rows], forecast.point[rows]
    return Prediction(forecast.point, lower, upper)


def unusable(forecast: Prediction) -> Prediction:
    point = forecast.point.copy()
    point[0, 0] = np.nan
    return Prediction(point, forecast.lower, forecast.upper)


def worse_than_naive(here: World) -> Evidence:
    """Everywhere by a twentieth."""
    found = here.evidence()
    return replace(found, naive=here.y + (found.challenger.point - here.y) * 0.95)


def broken_store(here: World) -> Evidence:
    """Half too much in one store, better than the naive in all others."""
    rows = np.array(STORES) == "s2"
    found = here.evidence(scaled(here, here.forecast(), rows, 1.5))
    return replace(found, naive=np.where(rows[:, None], found.naive, here.mean * 1.8))


def a_little_better(here: World) -> Evidence:
    """Another recipe whose every error is 0.2 % smaller."""
    mine = here.forecast(noise=0.2)
    made = (Origin(y=here.y, challenger=mine.point, incumbent=here.y + (mine.point - here.y) * 1.002),)
    return replace(here.evidence(), incumbent=here.forecast(seed=2), origins=made)


def better_by_luck(here: World) -> Evidence:
    """Another recipe, drawn by the same law, that happens to err a percent less."""
    for number in range(100):
        made = [here.forecast(noise=0.3, seed=number + part).point for part in (200, 400)]
        found = replace(
            here.evidence(),
            incumbent=here.forecast(seed=2),
            origins=(Origin(y=here.y, challenger=made[0], incumbent=made[1]),),
        )
        if (decide(found).figures["against_incumbent"] or 0.0) < -0.008:
            return found
    pytest.fail("no such draw")


def worse_refresh(here: World) -> Evidence:
    mine, theirs = here.forecast(noise=0.13, width=1.9), here.forecast(noise=0.05, seed=2)
    return replace(here.evidence(mine), incumbent=theirs, same_recipe=True)


BAD = {
    "usable": lambda here: here.evidence(unusable(here.forecast())),
    "no_leak": lambda here: replace(here.evidence(), leaks=("covariate x is sales 1 periods later",)),
    "naive_floor": worse_than_naive,
    "bias": lambda here: here.evidence(here.forecast(factor=1.12, width=1.9)),
    "coverage": lambda here: here.evidence(here.forecast(width=1.2)),
    "decile_bias": lambda here: one_decile(here, 1.6),
    "decile_coverage": lambda here: here.evidence(narrow_decile(here.forecast(width=2.3))),
    "worst_store": broken_store,
    "superior": better_by_luck,
    "worthwhile": a_little_better,
    "not_worse": worse_refresh,
    "enough_history": lambda here: replace(here.evidence(), periods=30),
    "enough_series": lambda here: replace(here.evidence(), series=3),
    "enough_actuals": lambda here: replace(
        here.evidence(), y=np.where(np.arange(SERIES * HORIZON).reshape(SERIES, HORIZON) % 9 == 0, here.y, np.nan)
    ),
    "some_sales": lambda here: replace(here.evidence(), y=np.zeros((SERIES, HORIZON))),
}
"""For each rule a candidate that it, above all, has to stop."""
MINIMUM = {rule.__name__ for rule in gate.MINIMUM_DATA}
LISTS = ("MINIMUM_DATA", "QUALITY", "OTHER_RECIPE", "NEWER_DATA")


def without(monkeypatch, *dropped: str) -> None:
    """The gate without some of its rules."""
    for name in LISTS:
        monkeypatch.setattr(gate, name, tuple(rule for rule in getattr(gate, name) if rule.__name__ not in dropped))


def test_a_good_first_model_is_promoted_with_its_reasons_and_figures():
    decision = decide(world().evidence())
    assert decision.decision == "promote"
    assert {reason.rule for reason in decision.reasons} >= {"naive_floor", "bias", "coverage", "decile_bias", "decile_coverage"}
    assert "seasonal naive" in " ".join(reason.text for reason in decision.reasons)
    assert Decision.of(decision.json()) == decision


def test_every_rule_has_a_bad_candidate_of_its_own():
    assert set(BAD) == {rule.__name__ for name in LISTS for rule in getattr(gate, name)}


@pytest.mark.parametrize("rule", BAD)
def test_each_bad_candidate_is_stopped_by_its_rule_alone_and_passes_once_that_is_dropped(rule, monkeypatch):
    evidence = BAD[rule](world())
    decision = decide(evidence)
    assert decision.decision == ("insufficient_data" if rule in MINIMUM else "keep")
    assert broken(decision) == {rule}
    without(monkeypatch, rule)
    if rule != "some_sales":
        assert decide(evidence).decision in {"promote", "refresh"}
    else:
        assert "naive_floor" in broken(decide(evidence))


def test_the_same_recipe_that_is_not_worse_is_a_refresh():
    here = world()
    same = replace(here.evidence(), incumbent=here.forecast(noise=0.15, seed=2), same_recipe=True)
    assert decide(same).decision == "refresh"


def test_the_same_recipe_that_is_worse_is_kept_out():
    here = world()
    worse = replace(
        here.evidence(here.forecast(noise=0.25, width=2.0)), incumbent=here.forecast(noise=0.02, seed=2), same_recipe=True
    )
    decision = decide(worse)
    assert decision.decision == "keep"
    assert "not_worse" in broken(decision)


def origins(here: World, challenger: float, incumbent: float) -> tuple[Origin, ...]:
    made = [(here.forecast(noise=challenger, seed=n), here.forecast(noise=incumbent, seed=n + 50)) for n in (11, 12)]
    return tuple(Origin(y=here.y, challenger=mine.point, incumbent=other.point) for mine, other in made)


def other_recipe(here: World, challenger: float, incumbent: float) -> Evidence:
    return replace(here.evidence(), incumbent=here.forecast(seed=2), origins=origins(here, challenger, incumbent))


def test_another_recipe_is_promoted_only_when_it_is_superior():
    here = world()
    assert decide(other_recipe(here, 0.05, 0.5)).decision == "promote"
    equal = decide(other_recipe(here, 0.1, 0.1))
    assert equal.decision == "keep"
    assert "superior" in broken(equal)


def test_equal_recipes_are_rarely_promoted_and_better_ones_nearly_always():
    equal = [decide(other_recipe(world(seed), 0.2, 0.2)).decision == "promote" for seed in range(40)]
    better = [decide(other_recipe(world(seed), 0.05, 0.45)).decision == "promote" for seed in range(20)]
    assert sum(equal) <= 5
    assert sum(better) >= 18


@pytest.mark.parametrize(
    ("role", "wanted"), [("challenger", "no_change"), ("champion", "no_change"), ("rejected", "keep"), ("retired", "keep")]
)
def test_what_was_trained_before_is_no_change_while_it_stands_and_kept_out_when_put_away(role, wanted):
    decision = decide(Unchanged(model="demand", version="3", role=role))
    assert decision.decision == wanted
    assert "version 3" in decision.summary


@settings(max_examples=15, deadline=None)
@given(scale=st.floats(0.5, 20.0), seed=st.integers(0, 5))
def test_the_order_of_the_series_changes_no_figure_and_their_unit_no_error(scale, seed):
    found = world(seed).evidence()
    order = np.random.default_rng(seed).permutation(SERIES)
    shuffled = replace(
        found,
        y=found.y[order],
        naive=found.naive[order],
        challenger=Prediction(
            *(part[order] for part in (found.challenger.point, found.challenger.lower, found.challenger.upper))
        ),
    )
    one, two = decide(found), decide(shuffled)
    assert one.figures["wape"] == pytest.approx(two.figures["wape"]) if "wape" in one.figures else one.decision == two.decision
    scaled = replace(
        found,
        y=found.y * scale,
        naive=found.naive * scale,
        challenger=Prediction(
            *(part * scale for part in (found.challenger.point, found.challenger.lower, found.challenger.upper))
        ),
    )
    assert broken(decide(scaled)) - {"some_sales"} == broken(one) - {"some_sales"}


def test_a_store_that_was_shut_does_not_decide():
    here = world()
    shut = np.array(STORES)[:, None] == "s2"
    found = replace(here.evidence(), y=np.where(shut, 0.0, here.y), naive=np.where(shut, 0.0, here.evidence().naive))
    few = Prediction(
        *(np.where(shut, part * 0.002, part) for part in (found.challenger.point, 0 * here.y, found.challenger.upper))
    )
    assert "worst_store" not in broken(decide(replace(found, challenger=few)))


def test_an_unknown_decision_and_parts_that_do_not_fit_are_refused():
    with pytest.raises(DecisionRefusedError, match="promote, refresh, keep"):
        Decision.of({"decision": "maybe", "reasons": [], "figures": {}})
    here = world()
    with pytest.raises(EvidenceRefusedError):
        replace(here.evidence(), y=here.y[:, 1:])
    with pytest.raises(EvidenceRefusedError, match="Not every series has its store"):
        replace(here.evidence(), stores=STORES[1:])
    with pytest.raises(EvidenceRefusedError, match="no origin"):
        replace(here.evidence(), incumbent=here.forecast())
