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
        return Evidence(y=self.y, challenger=challenger or self.forecast(), naive=naive, periods=400, series=SERIES)


def world(seed: int = 3) -> World:
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(3, 0.6, (SERIES, 1)))
    mean = level * (1 + 0.3 * np.sin(np.arange(HORIZON) * 2 * np.pi / 7))
    return World(y=rng.poisson(mean).astype(float), mean=mean, seed=seed)


def broken(decision: Decision) -> set[str]:
    return {reason.rule for reason in decision.reasons if not reason.held}


def one_decile(here: World, forecast: Prediction, factor: float) -> Prediction:
    """The forecast with one tenth of the series, the third smallest, scaled."""
    rows = np.argsort(here.y.sum(axis=1))[12:18]
    parts = [part.copy() for part in (forecast.point, forecast.lower, forecast.upper)]
    for part in parts:
        part[rows] *= factor
    return Prediction(*parts)


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
    found = here.evidence(here.forecast(noise=0.0))
    return replace(found, naive=here.y + 0.1)


BAD = {
    "usable": lambda here: here.evidence(unusable(here.forecast())),
    "naive_floor": worse_than_naive,
    "bias": lambda here: here.evidence(here.forecast(factor=1.12, width=1.9)),
    "coverage": lambda here: here.evidence(here.forecast(width=1.2)),
    "decile_bias": lambda here: here.evidence(one_decile(here, here.forecast(width=1.75), 3.0)),
    "decile_coverage": lambda here: here.evidence(narrow_decile(here.forecast(width=2.0))),
}


def test_a_good_first_model_is_promoted_with_its_reasons_and_figures():
    decision = decide(world().evidence())
    assert decision.decision == "promote"
    assert {reason.rule for reason in decision.reasons} >= {"naive_floor", "bias", "coverage", "decile_bias", "decile_coverage"}
    assert "seasonal naive" in " ".join(reason.text for reason in decision.reasons)
    assert Decision.of(decision.json()) == decision


@pytest.mark.parametrize("rule", BAD)
def test_each_bad_candidate_is_kept_out_by_its_rule_and_would_pass_without_it(rule, monkeypatch):
    evidence = BAD[rule](world())
    decision = decide(evidence)
    assert decision.decision == "keep"
    assert rule in broken(decision)
    others = tuple(one for one in gate.QUALITY if one.__name__ not in broken(decision))
    monkeypatch.setattr(gate, "QUALITY", others)
    assert decide(evidence).decision == "promote", "another rule stopped it, so the test proves nothing"


@pytest.mark.parametrize("rule", BAD)
def test_dropping_one_rule_alone_lets_its_own_bad_candidate_go_unnamed(rule, monkeypatch):
    monkeypatch.setattr(gate, "QUALITY", tuple(one for one in gate.QUALITY if one.__name__ != rule))
    assert rule not in broken(decide(BAD[rule](world())))


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("enough_history", {"periods": 30}),
        ("enough_series", {"series": 3}),
        ("some_sales", {"y": np.zeros((SERIES, HORIZON))}),
        ("enough_actuals", {"y": np.full((SERIES, HORIZON), np.nan)}),
    ],
)
def test_too_little_data_is_insufficient_whatever_the_figures_say(rule, change):
    decision = decide(replace(world().evidence(), **change))
    assert decision.decision == "insufficient_data"
    assert rule in broken(decision)


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


def test_an_unknown_decision_and_parts_that_do_not_fit_are_refused():
    with pytest.raises(DecisionRefusedError, match="promote, refresh, keep"):
        Decision.of({"decision": "maybe", "reasons": [], "figures": {}})
    here = world()
    with pytest.raises(EvidenceRefusedError):
        replace(here.evidence(), y=here.y[:, 1:])
    with pytest.raises(EvidenceRefusedError, match="no origin"):
        replace(here.evidence(), incumbent=here.forecast())
