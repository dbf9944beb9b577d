"""Retries, dead letters and chaos, on the worker itself with a clock of the test's own."""

from __future__ import annotations

import random
from typing import Any

import pytest

from local.services.chaos import Chaos, get_chaos, set_chaos
from local.services.eventgrid import retry
from local.services.eventgrid.models import metrics, raise_event
from local.services.eventgrid.worker import Worker

DAY = 86400.0


def test_waits_as_event_grid_does_and_never_less() -> None:
    waits = [retry.wait(attempt, random.Random(attempt)) for attempt in range(1, 13)]  # noqa: S311 - jitter
    schedule = [10, 30, 60, 300, 600, 1800, 3600, 10800, 21600, 43200, 43200, 43200]
    assert all(low <= wait <= low * 1.1 for low, wait in zip(schedule, waits, strict=True))


@pytest.mark.parametrize(
    ("attempts", "age", "reason"),
    [
        (1, 0.0, ""),
        (29, DAY - 1, ""),
        (30, 0.0, "MaxDeliveryAttemptsExceeded"),
        (3, DAY, "TimeToLiveExceeded"),
    ],
)
def test_gives_up_by_attempts_or_by_age(attempts: int, age: float, reason: str) -> None:
    assert retry.given_up(attempts, age, most=retry.ATTEMPTS, minutes=retry.MINUTES) == reason


def told(site: Any, subject: str) -> None:
    """Raise an event of the lake, as a service would."""
    with site.cloud.store.transaction() as connection:
        raise_event(connection, kind="Microsoft.Storage.BlobCreated", source=site.lake, subject=subject, data={"api": "PutBlob"})


def states(site: Any) -> list[tuple[str, int, float]]:
    rows = site.cloud.store.rows("select state, attempts, due from deliveries order by id")
    return [(row["state"], row["attempts"], row["due"]) for row in rows]


def test_tries_again_at_the_schedule_and_drops_what_has_no_dead_letter_container(site: Any) -> None:
    site.add_topic()
    policy = {"maxDeliveryAttempts": 3, "eventTimeToLiveInMinutes": 60}
    subscription = site.subscribe("lost", hub="missing", retryPolicy=policy, deadLetterWithResourceIdentity=None)
    worker, now = Worker(site.cloud), 2_000_000_000.0
    told(site, "/a")
    with site.cloud.store.transaction() as connection:
        connection.execute("update events set raised = ?", (now,))
    worker.step(now)
    state, attempts, due = states(site)[0]
    assert (state, attempts) == ("due", 1)
    assert 10 <= due - now <= 11
    worker.step(now + 9)
    assert states(site)[0][1] == 1
    worker.step(due)
    assert states(site)[0][1] == 2
    assert 30 <= states(site)[0][2] - due <= 33
    worker.step(states(site)[0][2])
    seen = metrics(site.cloud.store, subscription)
    assert states(site)[0][:2] == ("dropped", 3)
    assert (seen.matched, seen.delivered, seen.failed, seen.dropped) == (1, 0, 3, 1)
    assert seen.last_error.startswith("NotFound: the Event Hub ")


def test_an_unknown_operator_shows_as_a_failed_delivery(site: Any) -> None:
    site.add_topic()
    rules = {"advancedFilters": [{"operatorType": "StringMatches", "key": "subject", "values": ["a"]}]}
    subscription = site.subscribe("odd", filter=rules, deadLetterWithResourceIdentity=None)
    told(site, "/a")
    Worker(site.cloud).step(2_000_000_000.0)
    seen = metrics(site.cloud.store, subscription)
    assert (seen.matched, seen.failed, seen.dropped) == (0, 1, 1)
    assert seen.last_error == "BadRequest: advanced filter operator StringMatches"


def test_a_topic_without_identity_delivers_nothing(site: Any) -> None:
    site.add_topic()
    topic = site.cloud.resources.of_type("Microsoft.EventGrid/systemTopics")[0]
    site.add(topic.type, topic.id, source=site.lake)
    subscription = site.subscribe("anonymous")
    told(site, "/a")
    Worker(site.cloud).step(2_000_000_000.0)
    assert metrics(site.cloud.store, subscription).last_error.startswith("Unauthorized: the system topic egst-lake")


def test_events_of_other_sources_match_nothing(site: Any) -> None:
    site.add_topic()
    site.subscribe("mine")
    with site.cloud.store.transaction() as connection:
        raise_event(connection, kind="Microsoft.Storage.BlobCreated", source="/another", subject="/a", data={})
    Worker(site.cloud).step(2_000_000_000.0)
    assert states(site) == []


def test_chaos_doubles_delays_and_reorders_what_is_matched_from_then_on(site: Any) -> None:
    site.add_topic()
    site.subscribe("mine")
    chaos = Chaos(duplicate=True, delay_seconds=5.0, reorder_seconds=20.0)
    set_chaos(site.cloud.store, chaos)
    assert get_chaos(site.cloud.store) == chaos
    for number in range(20):
        told(site, f"/{number}")
    worker, now = Worker(site.cloud), 2_000_000_000.0
    worker.step(now)
    dues = [due for _, _, due in states(site)]
    assert len(dues) == 40
    assert all(now + 5 <= due <= now + 25 for due in dues)
    assert dues != sorted(dues)
