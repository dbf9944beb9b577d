"""Retries, dead letters and lanes, with a real inbox and a real bus for the dead letters."""

import contextlib
import threading
import time

import pytest

from contracts.events import Event, Hub
from events.connection import Connection
from events.dispatcher import Dispatcher, RetryPolicy
from events.errors import PoisonError, RedriveRefusedError, RetryableError
from events.inbox import Arrival, Inbox
from events.publisher import Publisher
from events.redrive import redrive
from events.routes import Ending, Outcome, Route
from events.status import count

QUICK = RetryPolicy(tries=3, base=0.01, cap=0.02)


def arriving(key, lane="lane", route="work"):
    body = b'{"specversion":"1.0","type":"t","source":"s","id":"%s"}' % key.encode()
    return Arrival(source="s", id=key, type="t", body=body, place="data_delivery/0@0", route=route, effect_key=key, lane=lane)


def route(act, name="work"):
    def key(event: Event) -> str:
        return event.id

    return Route(name=name, hub=Hub.DATA_DELIVERY, types=frozenset({"t"}), effect_key=key, lane=key, act=act)


@pytest.fixture
def inbox(tmp_path):
    with contextlib.closing(Inbox(tmp_path, durable=True)) as opened:
        yield opened


@pytest.fixture
def dispatch(tmp_path, bus, until):
    """Run actions over what the inbox holds until `ended` says so; a second call is a restart."""

    def run(act, ended, inbox, policy=QUICK, workers=4):
        with (
            contextlib.closing(Inbox(tmp_path, durable=False)) as progress,
            Publisher(bus.connection, seconds=5) as publisher,
        ):
            dispatcher = Dispatcher(progress, [route(act)], publisher, policy, workers)
            thread = threading.Thread(target=dispatcher.run)
            thread.start()
            try:
                until(lambda: ended(count(inbox)))
            finally:
                dispatcher.stop()
                thread.join()

    return run


def test_a_poison_goes_to_the_dead_letter_hub_and_its_lane_goes_on(inbox, dispatch, bus):
    inbox.put([arriving("bad"), arriving("good")])

    def act(work):
        if work.effect_key == "bad":
            msg = "never\r\nlevel=INFO forged"
            raise PoisonError(msg)
        return Outcome(state="done", detail="")

    dispatch(act, lambda counts: counts.ready == 0, inbox)
    assert (count(inbox).dead, count(inbox).done) == (1, 1)
    [(value, headers)] = bus.read(Hub.DEAD_LETTER, 1)
    assert value == arriving("bad").body
    told = {"route": "work", "effect_key": "bad", "attempt": "1", "tries": "1", "place": "data_delivery/0@0"}
    assert headers == {"reason": "never\r\nlevel=INFO forged", **told}


@pytest.mark.parametrize("error", [RetryableError("busy"), KeyError("a fault of our own"), OSError("disk")])
def test_a_failing_action_is_tried_as_often_as_the_policy_says_then_buried(inbox, dispatch, error):
    inbox.put([arriving("k")])
    tried = []

    def act(work):
        tried.append(work.token)
        raise error

    dispatch(act, lambda counts: counts.dead == 1, inbox)
    assert len(tried) == 3
    assert len(set(tried)) == 1


def test_what_fails_at_first_succeeds_later_in_the_order_of_its_lane(inbox, dispatch):
    inbox.put([arriving(str(number), lane=f"lane {number % 2}") for number in range(6)])
    done, failed = [], set()

    def act(work):
        if work.effect_key not in failed:
            failed.add(work.effect_key)
            msg = "once"
            raise RetryableError(msg)
        done.append(work.effect_key)
        return Outcome(state="done", detail="")

    dispatch(act, lambda counts: counts.done == 6, inbox)
    assert [key for key in done if int(key) % 2 == 0] == ["0", "2", "4"]
    assert [key for key in done if int(key) % 2 == 1] == ["1", "3", "5"]


def test_one_lane_has_one_worker_and_the_workers_are_few(inbox, dispatch):
    inbox.put([arriving(str(number), lane=f"lane {number % 8}") for number in range(40)])
    busy, most, same_lane, lock = [], [0], [], threading.Lock()

    def act(work):
        lane = int(work.effect_key) % 8
        with lock:
            same_lane.append(lane in busy)
            busy.append(lane)
            most[0] = max(most[0], len(busy))
        threading.Event().wait(0.003)
        with lock:
            busy.remove(lane)
        return Outcome(state="done", detail="")

    dispatch(act, lambda counts: counts.done == 40, inbox)
    assert not any(same_lane)
    assert 2 <= most[0] <= 4


def test_a_wait_set_by_a_clock_that_went_back_since_is_no_longer_than_the_policy_allows(inbox, dispatch):
    inbox.put([arriving("k")])
    with inbox.transaction() as db:
        db.execute("update inbox set tries = 1, due = ?", (time.time() + 86400,))
    dispatch(lambda _: Outcome(state="done", detail=""), lambda counts: counts.done == 1, inbox)


def test_tries_are_counted_across_restarts(inbox, dispatch):
    inbox.put([arriving("k")])
    policy = RetryPolicy(tries=4, base=0.01, cap=0.01)
    tried = []

    def slow(_):
        tried.append(1)
        raise RetryableError("wait", after=3600 if len(tried) == 2 else 0)

    dispatch(slow, lambda counts: bool(counts.retrying) and counts.retrying[0]["tries"] == 2 and len(tried) == 2, inbox, policy)
    dispatch(slow, lambda counts: counts.dead == 1, inbox, policy)
    assert len(tried) == 4


def test_the_targets_wait_is_kept_and_other_waits_have_full_jitter():
    policy = RetryPolicy(base=1.0, cap=60.0)
    assert policy.wait(1, least=120.0) == 120.0
    waits = [policy.wait(4) for _ in range(400)]
    assert 0 <= min(waits) < 1
    assert 7 < max(waits) <= 8
    assert max(policy.wait(1000) for _ in range(100)) <= 60.0


def test_a_redrive_gives_a_new_token_and_only_to_what_has_ended(inbox, dispatch):
    inbox.put([arriving("k")])
    with pytest.raises(RedriveRefusedError, match="still being worked on"):
        redrive(inbox, "work", "k")
    tokens = []

    def act(work):
        tokens.append(work.token)
        if len(tokens) == 1:
            msg = "target is broken"
            raise PoisonError(msg)
        return Outcome(state="done", detail="", run_id="9")

    dispatch(act, lambda counts: counts.dead == 1, inbox)
    assert redrive(inbox, "work", "k") == 2
    assert inbox.put([arriving("k")]) == 0, "an event told again must not undo a redrive"
    dispatch(act, lambda counts: (counts.dead, counts.done) == (0, 1), inbox)
    assert len(set(tokens)) == len(tokens) == 2
    with pytest.raises(RedriveRefusedError, match="the latest are: work k"):
        redrive(inbox, "work", "unknown")


@pytest.mark.parametrize("run_id", ["1", "", "unknown"])
def test_a_failure_told_by_the_target_is_noted_and_ends_with_a_redrive(inbox, dispatch, run_id):
    inbox.put([arriving("k")])
    dispatch(lambda _: Outcome(state="done", detail="", run_id="1"), lambda counts: counts.done == 1, inbox)
    inbox.put([arriving("failed")])
    ending = Ending(route="work", effect_key="k", run_id=run_id, failure="3 rows refused")
    outcome = Outcome(state="done", detail="", ending=ending)
    dispatch(lambda _: outcome, lambda counts: counts.failed == 1, inbox)
    assert [(row["effect_key"], row["error"]) for row in count(inbox).ended_badly] == [("k", "3 rows refused")]
    redrive(inbox, "work", "k")
    assert count(inbox).failed == 0, "an effect counts with its latest attempt"


def test_a_late_failure_of_an_earlier_attempt_does_not_touch_the_redrive(inbox, dispatch):
    inbox.put([arriving("k")])
    dispatch(lambda _: Outcome(state="done", detail="", run_id="1"), lambda counts: counts.done == 1, inbox)
    redrive(inbox, "work", "k")
    dispatch(lambda _: Outcome(state="done", detail="", run_id="2"), lambda counts: (counts.done, counts.ready) == (1, 0), inbox)
    inbox.put([arriving("failed")])
    outcome = Outcome(state="done", detail="", ending=Ending(route="work", effect_key="k", run_id="1", failure="late"))
    dispatch(lambda _: outcome, lambda counts: counts.done == 2, inbox)
    noted = [
        (row["attempt"], row["failure"]) for row in inbox.rows("select * from inbox where effect_key = 'k' order by attempt")
    ]
    assert noted == [(1, "late"), (2, "")]


@pytest.mark.usefixtures("azure")
def test_without_a_dead_letter_hub_a_condemned_row_waits_and_is_not_acted_on_again(inbox, tmp_path, until, unused_port):
    inbox.put([arriving("bad", lane="a"), arriving("good", lane="b")])
    acted = []

    def act(work):
        acted.append(work.effect_key)
        if work.effect_key == "bad":
            msg = "never"
            raise PoisonError(msg)
        return Outcome(state="done", detail="")

    with (
        contextlib.closing(Inbox(tmp_path, durable=False)) as progress,
        Publisher(Connection(bootstrap=f"127.0.0.1:{unused_port}"), seconds=0.3) as lost,
    ):
        dispatcher = Dispatcher(progress, [route(act)], lost, QUICK)
        thread = threading.Thread(target=dispatcher.run)
        thread.start()
        try:
            until(lambda: inbox.rows("select 1 from inbox where reason = 'never' and error <> reason"))
        finally:
            dispatcher.stop()
            thread.join()
    states = {row["effect_key"]: (row["state"], row["reason"]) for row in inbox.rows("select * from inbox")}
    assert states == {"bad": ("ready", "never"), "good": ("done", "")}
    assert acted.count("bad") == 1
