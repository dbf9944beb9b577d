"""From a write on the blob endpoint to a record on the hub, seen by a consumer that shares nothing with the service."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import obstore
import pytest
from confluent_kafka import Consumer
from obstore.store import AzureStore

from local.services.eventhubs.clients import own_login
from tests.access import accessed

pytestmark = pytest.mark.flow
ROOT = "abfss://bronze@lake.dfs.core.windows.net"
COMMITTED = {
    "includedEventTypes": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed"],
    "subjectBeginsWith": "/blobServices/default/containers/bronze/",
    "subjectEndsWith": ".json",
    "advancedFilters": [
        {"operatorType": "StringContains", "key": "subject", "values": ["/_delta_log/"]},
        {"operatorType": "StringIn", "key": "data.api", "values": ["FlushWithClose", "PutBlob", "PutBlockList", "CopyBlob"]},
    ],
}


def consume(site: Any, wanted: int, *, patience: float = 15.0) -> list[tuple[str, dict[str, Any]]]:
    """Key and event of the hub's records, once at least `wanted` different events are there or patience ends."""
    settings = {**own_login(site.cloud.state), "group.id": "observer", "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "reconnect.backoff.max.ms": 200})
    consumer.subscribe(["data_delivery"])
    found: list[tuple[str, dict[str, Any]]] = []
    ends = time.monotonic() + patience
    while time.monotonic() < ends and len({event["id"] for _, event in found}) < wanted:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            found.append(((message.key() or b"").decode(), json.loads(message.value() or b"")))
    consumer.close()
    return found


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def counts(site: Any) -> Counter[str]:
    rows = site.cloud.store.rows("select state, count(*) number from deliveries group by state")
    return Counter({row["state"]: row["number"] for row in rows})


def ids(site: Any) -> set[str]:
    return {json.loads(row["body"])["id"] for row in site.cloud.store.rows("select body from events")}


@pytest.fixture
def running(site: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site with everything started, a hub, and this process as its client."""
    for name in ("kafka", "identity", "blob", "eventgrid"):
        site.start(name)
    site.add_hub("data_delivery")
    site.add_topic()
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)
    return site


def put(name: str, content: bytes = b"{}") -> None:
    obstore.put(AzureStore.from_url(ROOT), name, content)


def test_a_commit_becomes_one_cloud_event_on_the_hub(running: Any) -> None:
    subscription = running.subscribe("data-committed", filter=COMMITTED)
    for name in ("sales/part-1.parquet", "sales/_delta_log/00000000000000000000.json", "sales/note.json"):
        put(name)
    (key, event), *others = consume(running, 1)
    assert others == []
    subject = "/blobServices/default/containers/bronze/blobs/sales/_delta_log/00000000000000000000.json"
    assert (key, event["subject"], event["specversion"]) == (subject, subject, "1.0")
    assert (event["type"], event["source"]) == ("Microsoft.Storage.BlobCreated", running.lake)
    assert event["data"]["api"] == "PutBlob"
    assert event["data"]["contentLength"] == 2
    assert event["data"]["url"] == "https://lake.blob.core.windows.net/bronze/sales/_delta_log/00000000000000000000.json"
    until(lambda: counts(running)["delivered"] == 1)
    seen = read_metrics(running, "data-committed")
    assert (seen["subscription"], seen["matched"], seen["delivered"], seen["failed"]) == (subscription.lower(), 1, 1, 0)


def read_metrics(running: Any, name: str) -> dict[str, Any]:
    import httpx

    token, _ = running.cloud.tokens.issue(running.deployer, "https://management.azure.com/")
    url = f"{running.cloud.endpoints.url('eventgrid')}/subscriptions/{name}/metrics"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, verify=running.tls).json()


def test_a_delete_tells_so_and_a_removed_subscription_hears_nothing(running: Any) -> None:
    running.subscribe("all")
    put("a")
    AzureStore.from_url(ROOT).delete("a")
    assert [event["type"].rpartition(".")[2] for _, event in consume(running, 2)] == ["BlobCreated", "BlobDeleted"]
    running.cloud.resources.delete(running.subscribe("all"))
    put("b")
    until(lambda: not running.cloud.store.rows("select seq from events where matched is null"))
    assert counts(running) == Counter(delivered=2)
    assert len(consume(running, 3, patience=1.0)) <= 2


def test_events_reach_the_hub_soon(running: Any) -> None:
    running.subscribe("all")
    put("first")
    until(lambda: counts(running)["delivered"] == 1)
    for number in range(20):
        put(f"later/{number}")
        time.sleep(0.02)
    until(lambda: counts(running)["delivered"] == 21)
    rows = running.cloud.store.rows("select last_attempt - raised late from deliveries join events on seq = event order by 1")
    # A bound against stalls (a poll of seconds, a retry), not a figure: those come from a bench.
    assert rows[10]["late"] < 2.0


def test_a_clock_that_goes_back_leaves_no_event_waiting_for_a_day(running: Any) -> None:
    running.subscribe("lost", hub="nowhere")
    put("a")
    until(lambda: bool(running.cloud.store.rows("select id from deliveries where attempts = 1")))
    running.kill("eventgrid")
    tomorrow = "update deliveries set due = due + 86400, last_attempt = last_attempt + 86400"
    with running.cloud.store.transaction() as connection:
        connection.execute(tomorrow)
    running.start("eventgrid")
    until(lambda: bool(running.cloud.store.rows("select id from deliveries where attempts = 2")), seconds=8.0)


def test_what_a_missing_hub_does_not_take_becomes_a_dead_letter(running: Any) -> None:
    running.subscribe("lost", hub="nowhere", retryPolicy={"maxDeliveryAttempts": 1, "eventTimeToLiveInMinutes": 5})
    put("a")
    until(lambda: counts(running)["dead-lettered"] == 1)
    row = running.cloud.store.row("select name from blobs where account = 'mlstorage' and container = 'dead-letter'")
    topic, subscription, *hour, blob = row["name"].split("/")
    assert (topic, subscription, len(hour), blob.rpartition(".")[2]) == ("EGST-LAKE", "LOST", 4, "json")
    letters = AzureStore(
        account_name="mlstorage", container_name="dead-letter", endpoint=running.cloud.endpoints.url("blob") + "/mlstorage"
    )
    (letter,) = json.loads(bytes(letters.get(row["name"]).bytes()))
    assert letter["subject"].endswith("/blobs/a")
    assert (letter["deadletterreason"], letter["deliveryattempts"]) == ("MaxDeliveryAttemptsExceeded", 1)
    assert letter["lastdeliveryoutcome"] == "NotFound"
    seen = read_metrics(running, "lost")
    assert (seen["failed"], seen["dead_lettered"], seen["dropped"]) == (1, 1, 0)
    assert {line["principal"] for line in accessed(running.cloud) if line["path"].startswith("/mlstorage/dead-letter/EGST")} == {
        "egst-lake",
        "deployer",
    }


def test_without_the_role_of_a_sender_events_become_dead_letters_that_say_so(running: Any) -> None:
    running.unassign("Azure Event Hubs Data Sender")
    running.subscribe("barred", retryPolicy={"maxDeliveryAttempts": 1, "eventTimeToLiveInMinutes": 5})
    put("a")
    until(lambda: counts(running)["dead-lettered"] == 1)
    told = read_metrics(running, "barred")["last_error"]
    assert told.startswith("Unauthorized: ")
    assert told.endswith("Topic authorization failed")


def test_without_a_role_on_their_container_dead_letters_wait_and_say_why(running: Any) -> None:
    running.unassign("Storage Blob Data Contributor")
    running.subscribe("lost", hub="nowhere", retryPolicy={"maxDeliveryAttempts": 1, "eventTimeToLiveInMinutes": 5})
    put("a")
    until(lambda: "AuthorizationPermissionMismatch" in read_metrics(running, "lost")["last_error"])
    assert (counts(running)["dead"], counts(running)["dead-lettered"]) == (1, 0)


def test_chaos_delivers_every_event_twice(running: Any) -> None:
    from local.services.chaos import Chaos, set_chaos

    running.subscribe("all")
    set_chaos(running.cloud.store, Chaos(duplicate=True))
    put("a")
    until(lambda: counts(running)["delivered"] == 2)
    put("b")
    until(lambda: counts(running)["delivered"] == 4)
    assert set(Counter(event["id"] for _, event in consume(running, 3, patience=1.5)).values()) == {2}


def test_killed_processes_lose_no_event(running: Any) -> None:
    running.subscribe("all")
    for number in range(30):
        put(f"x/{number:02}")
        if number == 5:
            running.kill("eventgrid")
        if number == 10:
            running.kill("kafka")
            running.start("eventgrid")
        if number == 15:
            # Sent to a broker that is down, and killed with it in hand.
            running.kill("eventgrid")
            running.start("kafka")
            running.start("eventgrid")
        if number == 25:
            running.kill("kafka")
            running.start("kafka")
    until(lambda: counts(running)["due"] == 0 and counts(running)["delivered"] == 30)
    found = consume(running, 30)
    assert {event["id"] for _, event in found} == ids(running)
    assert {key.rpartition("/")[2] for key, _ in found} == {f"{number:02}" for number in range(30)}


def test_a_service_that_can_no_longer_deliver_ends_and_does_not_look_healthy(running: Any) -> None:
    with running.cloud.store.transaction() as connection:
        connection.execute("drop table deliveries")
    running.processes["eventgrid"].wait(10)
