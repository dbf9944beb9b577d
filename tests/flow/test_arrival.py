"""Data becomes silver by itself: one commit, one run, also when everything happens twice."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.events import Hub, OwnEvent
from local import status
from local.flow.watch import ArrivalFailedError
from local.services.chaos import Chaos, set_chaos
from local.services.eventhubs.clients import own_login
from tests.access import accessed
from tests.docs.blocks import ROOT, blocks_of
from tests.flow.conftest import until

pytestmark = pytest.mark.flow


def test_a_commit_becomes_a_registered_silver_version_with_nothing_else_started_by_hand(stack):
    arrival = stack.ingest(stack.panel("first"))
    registered = stack.silver_of(arrival.version)
    assert registered[OwnEvent.DATASET_REGISTERED].data["series"] == 4
    assert stack.silver_commits(arrival.version) == 1
    assert registered[OwnEvent.FEATURES_REGISTERED].dataversion.startswith("silver/features@")
    shown = json.loads(blocks_of((ROOT / "docs" / "events.md").read_text(), "json")[0])
    (sent,) = [body for body in stack.records(Hub.FEATURE_REGISTRY) if body["data"]["source"] == str(arrival.version)]
    assert set(shown) == set(sent) - {"traceparent"}
    assert set(shown["data"]) <= set(sent["data"])


def test_a_file_ingested_twice_is_one_commit_and_one_run(stack):
    file = stack.panel("twice", seed=2)
    first = stack.ingest(file)
    stack.silver_of(first.version)
    runs = len(stack.runs())
    again = stack.ingest(file)
    assert again.repeated
    assert again.version == first.version
    assert len(stack.runs()) == runs


def test_two_processes_that_race_with_one_file_make_one_commit_and_one_run(stack):
    file, runs = stack.panel("race", seed=3), len(stack.runs())
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(stack.ingest, [file, file]))
    assert both[0].version == both[1].version
    assert sorted(one.repeated for one in both) == [False, True]
    stack.silver_of(both[0].version)
    assert len(stack.runs()) == runs + 1


def test_event_grid_delivering_everything_twice_starts_one_run(stack):
    runs = len(stack.runs())
    set_chaos(stack.cloud.store, Chaos(duplicate=True))
    try:
        arrival = stack.ingest(stack.panel("doubled", seed=4))
        stack.silver_of(arrival.version)
    finally:
        set_chaos(stack.cloud.store, Chaos())
    commit = f"{arrival.version.version:020d}.json"
    copies = [body for body in stack.records(Hub.DATA_DELIVERY) if body["subject"].endswith(f"/sales/_delta_log/{commit}")]
    assert len(copies) == 2, "the event was not delivered twice, so the test proves nothing"
    assert len(stack.runs()) == runs + 1


@pytest.mark.slow
def test_a_file_arrives_while_every_fifth_request_is_throttled(stack):
    runs, seen = len(stack.runs()), len(accessed(stack.cloud))
    set_chaos(stack.cloud.store, Chaos(throttle=0.2))
    try:
        arrival = stack.ingest(stack.panel("throttled", seed=6))
        stack.silver_of(arrival.version)
    finally:
        set_chaos(stack.cloud.store, Chaos())
    refused = {line["service"] for line in accessed(stack.cloud)[seen:] if line["status"] in {429, 503}}
    assert refused >= {"blob", "identity"}
    assert len(stack.runs()) == runs + 1


def test_a_file_with_a_fault_ends_in_a_dataset_failed_event_with_its_reason(stack):
    file = stack.folder / "text.csv"
    rows = "\n".join(f"2024-01-{day:02d},1,1,none" for day in range(1, 29))
    file.write_text(f"date,store,item,sales\n{rows}\n")
    arrival = stack.ingest(file)
    with pytest.raises(ArrivalFailedError) as refusal:
        stack.silver_of(arrival.version)
    assert "bad_sales" in str(refusal.value)
    until("the run is over", lambda: status.report(stack.cloud).runs[0]["state"] == "SUCCESS_WITH_FAILURES")
    assert status.show(status.report(stack.cloud)) == 1
    stack.silver_of(stack.ingest(stack.panel("after-the-fault", seed=5)).version)
    until("the next run is over", lambda: status.report(stack.cloud).runs[0]["state"] == "SUCCESS")
    assert status.show(status.report(stack.cloud)) == 0


def test_an_independent_consumer_reads_the_events_and_the_access_log_names_the_real_clients(stack):
    stack.silver_of(stack.ingest(stack.panel("first")).version)
    command = [sys.executable, "-c", _CONSUMER, json.dumps(own_login(stack.cloud.state))]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert "Microsoft.Storage.BlobCreated" in read[Hub.DATA_DELIVERY]
    assert OwnEvent.FEATURES_REGISTERED in read[Hub.FEATURE_REGISTRY]
    agents = " ".join({line["user_agent"] for line in accessed(stack.cloud)})
    assert "azsdk-python-identity" in agents
    assert "databricks-sdk-py" in agents
    assert "object_store" in agents


_CONSUMER = """
import json, sys
from confluent_kafka import Consumer
consumer = Consumer({**json.loads(sys.argv[1]), "group.id": "stranger", "auto.offset.reset": "earliest", "session.timeout.ms": 6000})
consumer.subscribe(["data_delivery", "feature_registry"])
seen = {}
for _ in range(60):
    for message in consumer.consume(100, 0.5):
        if message.error() is None:
            seen.setdefault(message.topic(), []).append(json.loads(message.value())["type"])
    if len(seen) == 2: break
consumer.close()
print(json.dumps(seen))
"""
