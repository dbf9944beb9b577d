"""The five keys, and how a release changes them: for any state that an interrupted release can leave."""

from __future__ import annotations

from dataclasses import fields

from hypothesis import assume, given, strategies as st

from rollout.digests import KEYS, Digests

NAMES = st.sampled_from(["", "a", "b", "c"])


@st.composite
def states(draw: st.DrawFn) -> Digests:
    """Any state whose active slot, if any, holds a digest."""
    found = Digests(qa=draw(NAMES), blue=draw(NAMES), green=draw(NAMES), handler=draw(NAMES))
    return Digests(
        **{**vars_of(found), "active": draw(st.sampled_from(["", *(s for s in ("blue", "green") if found.digest(s))]))}
    )


def vars_of(state: Digests) -> dict[str, str]:
    """Fields of a state."""
    return {item.name: getattr(state, item.name) for item in fields(state)}


@given(states())
def test_all_five_keys_are_given_and_come_back_as_they_were(state):
    assert set(state.config()) == set(KEYS.values())
    assert Digests.of(state.config()) == state


def test_a_stack_that_was_never_applied_holds_nothing():
    assert Digests.of({}) == Digests()
    assert not Digests().live
    assert Digests().idle == "blue"


@given(states(), NAMES)
def test_trying_an_image_out_never_changes_what_production_serves(state, digest):
    tried = state.in_qa(digest).in_idle_slot(digest)
    assert (tried.active, tried.live, tried.handler) == (state.active, state.live, state.handler)
    assert tried.qa == tried.digest(tried.idle) == digest


@given(states(), NAMES.filter(bool))
def test_the_switch_is_the_only_step_that_moves_production_and_the_old_image_stays_until_it_is_settled(state, digest):
    moved = state.in_idle_slot(digest).switched()
    assert moved.live == digest
    assert moved.digest(state.active) == state.live
    assert moved.settle().live == digest
    assert moved.settle().settled


@given(states())
def test_settling_keeps_production_and_handler_and_nothing_else(state):
    done = state.settle()
    assert (done.live, done.active, done.handler) == (state.live, state.active, state.handler)
    assert done.settled
    assert done.settle() == done


@given(states(), NAMES.filter(bool), st.sets(st.sampled_from(["a", "b", "c"])))
def test_what_a_release_returns_to_serves_another_image_and_keeps_the_handler(state, digest, champions):
    before = state.before(digest, champions.__contains__)
    assert before.settled
    assert before.handler == state.handler
    assume(state.blue != state.green)
    assert before.live != digest or (digest in champions and state.live not in champions)
    assert before.live in {state.live, state.digest(state.idle), ""}


@given(st.sampled_from(["blue", "green"]), NAMES)
def test_an_image_that_went_live_uncrowned_gives_way_to_the_champion_in_the_other_slot(slot, handler):
    other = "green" if slot == "blue" else "blue"
    state = Digests(**{slot: "new", other: "old"}, active=slot, qa="new", handler=handler)
    for digest in ("new", "third"):
        assert state.before(digest, {"old"}.__contains__) == Digests(**{other: "old"}, active=other, handler=handler)


def test_the_first_release_returns_to_nothing():
    assert Digests(blue="new", active="blue", qa="new", handler="h").before("new", set().__contains__) == Digests(handler="h")
    assert Digests(blue="new", qa="new").before("new", {"new"}.__contains__) == Digests()
