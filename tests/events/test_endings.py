"""How the end of started work is noted in the inbox, and when it brings a new attempt."""

import contextlib

import pytest
from hypothesis import given, strategies as st

from events.inbox import Arrival, Inbox, token
from events.redrive import redrive
from events.routes import Ending, Outcome
from events.status import count

ROUTE = "features-registered"


def key(version):
    return f"silver/features@{version}"


def arriving(version, route=ROUTE, lane="silver/features"):
    name = key(version) if isinstance(version, int) else version
    fact = {"source": "s", "id": name, "type": "t", "body": b"{}", "place": "p"}
    return Arrival(**fact, route=route, effect_key=name, lane=f"{route}|{lane}")


@pytest.fixture
def inbox(tmp_path):
    with contextlib.closing(Inbox(tmp_path, durable=False)) as opened:
        yield opened


def ready(inbox, name):
    [item] = [item for item in inbox.ready_after(0) if item.effect_key == name]
    return item


def start(inbox, version):
    """Start the latest attempt, as the dispatcher does; returns the run's id."""
    item = ready(inbox, key(version))
    inbox.finish(item, Outcome(state="done", detail="started", run_id=item.token))
    return item.token


def tell(inbox, run_id, failure="", attempts=2, route=ROUTE):
    """An event about the run is handled; returns how its own row ended."""
    name = f"{run_id}|{failure}"
    inbox.put([arriving(name, route="training-ended")])
    ending = Ending(route=route, run_id=run_id, failure=failure, attempts=attempts)
    return inbox.finish(ready(inbox, name), Outcome(state="done", detail="recorded", ending=ending)).state


def attempts(inbox, version):
    query = "select attempt, state, outcome, failure from inbox where effect_key = ? order by attempt"
    return [tuple(row) for row in inbox.rows(query, key(version))]


def test_a_failed_run_gets_one_new_attempt_with_a_new_token_and_then_a_person_must_look(inbox):
    inbox.put([arriving(3)])
    first = start(inbox, 3)
    assert tell(inbox, first, "boom") == "done"
    assert attempts(inbox, 3) == [(1, "done", "started", "boom"), (2, "ready", "", "")]
    second = start(inbox, 3)
    assert second == token(ROUTE, key(3), 2) != first
    assert tell(inbox, second, "boom again") == "done"
    assert attempts(inbox, 3)[1:] == [(2, "done", "started", "boom again")]
    assert [row["error"] for row in count(inbox).ended_badly] == ["boom again"]
    assert redrive(inbox, ROUTE, key(3)) == 3
    tell(inbox, start(inbox, 3), "boom for ever")
    assert len(attempts(inbox, 3)) == 3


def test_a_failure_that_deserves_no_attempt_is_noted_only(inbox):
    inbox.put([arriving(3)])
    tell(inbox, start(inbox, 3), "canceled", attempts=1)
    assert attempts(inbox, 3) == [(1, "done", "started", "canceled")]


def test_a_late_failure_of_an_earlier_attempt_brings_no_other(inbox):
    inbox.put([arriving(3)])
    first = start(inbox, 3)
    redrive(inbox, ROUTE, key(3))
    tell(inbox, first, "late", attempts=9)
    assert [row[0] for row in attempts(inbox, 3)] == [1, 2]


def test_the_end_of_a_run_that_nobody_here_started_is_ignored(inbox):
    inbox.put([arriving(3)])
    start(inbox, 3)
    assert tell(inbox, "by-a-person", "boom") == "ignored"
    assert tell(inbox, "by-a-person") == "ignored"
    assert tell(inbox, token(ROUTE, key(3), 2), "an attempt that was never made") == "ignored"
    assert attempts(inbox, 3) == [(1, "done", "started", "")]


@pytest.mark.parametrize(("failure", "noted"), [("", ("completed", "")), ("boom", ("", "boom"))])
def test_an_end_told_before_the_start_was_stored_is_kept(inbox, failure, noted):
    inbox.put([arriving(3)])
    item = ready(inbox, key(3))
    assert tell(inbox, item.token, failure, attempts=1) == "done"
    assert attempts(inbox, 3) == [(1, "ready", *noted)]
    inbox.finish(item, Outcome(state="done", detail="started", run_id=item.token))
    assert attempts(inbox, 3) == [(1, "done", noted[0] or "started", noted[1])]


def test_a_failure_is_not_tried_again_once_a_newer_version_is_here(inbox):
    inbox.put([arriving(3)])
    run_id = start(inbox, 3)
    inbox.put([arriving(4)])
    tell(inbox, run_id, "boom", attempts=9)
    assert attempts(inbox, 3) == [(1, "done", "started", "boom")]


def test_the_status_shows_the_trainings_with_their_ends(inbox):
    inbox.put([arriving(version) for version in (1, 2, 3)])
    runs = [start(inbox, version) for version in (1, 2, 3)]
    tell(inbox, runs[0])
    tell(inbox, runs[1], "boom", attempts=1)
    shown = [(row["effect_key"], row["run_id"], row["ended"]) for row in count(inbox).trainings]
    ends = ("completed", "boom", "")
    assert shown == [(key(version), run, end) for version, run, end in zip((1, 2, 3), runs, ends, strict=True)][::-1]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6, unique=True))
def test_only_the_newest_version_of_a_lane_is_not_overtaken(tmp_path_factory, versions):
    with contextlib.closing(Inbox(tmp_path_factory.mktemp("inbox"), durable=False)) as inbox:
        inbox.put([arriving(version) for version in versions])
        inbox.put([arriving(99, route="another"), arriving(99, lane="elsewhere")])
        left = [
            item.effect_key for item in inbox.ready_after(0) if item.lane.endswith("|silver/features") and item.route == ROUTE
        ]
        fresh = [item.effect_key for item in inbox.ready_after(0) if item.effect_key in left and not inbox.overtaken(item)]
        assert fresh == [key(max(versions))]


def test_a_newer_version_that_failed_or_is_condemned_overtakes_nothing(inbox):
    inbox.put([arriving(3), arriving(4)])
    older, newer = ready(inbox, key(3)), ready(inbox, key(4))
    assert inbox.overtaken(older)
    inbox.condemn(newer, "refused")
    assert not inbox.overtaken(older)
    inbox.finish(newer, Outcome(state="dead", detail="refused"))
    assert not inbox.overtaken(older)
    redrive(inbox, ROUTE, key(4))
    assert inbox.overtaken(older)
    tell(inbox, start(inbox, 4), "boom", attempts=1)
    assert not inbox.overtaken(older)
