"""Publishing to a real Kafka client's mock cluster, and how connections are set."""

import json
import subprocess
import sys

import pytest

from contracts.events import Event, Hub, OwnEvent, event_id
from events.connection import Connection, entra_token
from events.errors import PublishError, SettingError
from events.publisher import Publisher, Record

REGISTERED = Event(
    type=OwnEvent.DATASET_REGISTERED,
    source="data_ops/prepare",
    subject="silver/sales@4",
    id=event_id(OwnEvent.DATASET_REGISTERED, "silver/sales@4"),
    time="2026-10-21T07:28:00Z",
    data={"rows": 3, "note": "Zürich"},
    causationid="e-1",
    dataversion="silver/sales@4",
)


def test_an_event_reaches_the_hub_of_its_type_whole(bus):
    with Publisher(bus.connection) as publisher:
        publisher.publish(REGISTERED)
    [(value, _)] = bus.read(Hub.DATASET_REGISTRY, 1)
    assert Event.of(json.loads(value)) == REGISTERED


def test_events_of_one_subject_keep_their_order(bus):
    records = [Record(hub=Hub.DRIFT, key=str(number % 3), value=b"%d" % number) for number in range(60)]
    with Publisher(bus.connection) as publisher:
        publisher.send(*records)
    values = [int(value) for value, _ in bus.read(Hub.DRIFT, 60)]
    assert sorted(values) == list(range(60))
    for key in range(3):
        assert [value for value in values if value % 3 == key] == list(range(key, 60, 3))


@pytest.mark.usefixtures("azure")
def test_an_event_that_is_not_acknowledged_is_an_error(unused_port):
    with Publisher(Connection(bootstrap=f"127.0.0.1:{unused_port}"), seconds=0.3) as publisher, pytest.raises(PublishError):
        publisher.publish(REGISTERED)


def test_an_event_that_is_too_large_is_an_error(bus):
    with Publisher(bus.connection) as publisher, pytest.raises(PublishError, match="size"):
        publisher.send(Record(hub=Hub.DRIFT, key="k", value=b"x" * 1_000_001))


def test_only_our_own_types_have_a_hub(bus):
    with Publisher(bus.connection) as publisher, pytest.raises(ValueError, match=r"Microsoft\.Storage"):
        publisher.publish(Event(type="Microsoft.Storage.BlobCreated", source="s", subject="x", id="i", time=""))


def test_a_publisher_does_not_load_what_only_the_handler_needs():
    script = "import sys, events.publisher, events.connection\n"
    check = "print(sorted({'azure.identity', 'httpx', 'obstore', 'events.routes'} & set(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", script + check], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


NAMESPACE = "evh-mlops-forecasting.servicebus.windows.net"


def test_a_connection_is_encrypted_logs_in_by_token_and_trusts_the_authorities_of_the_environment():
    connection = Connection.from_environment({"EVENTS_BOOTSTRAP": f"{NAMESPACE}:9093"})
    settings = connection.settings()
    assert (settings["security.protocol"], settings["sasl.mechanism"]) == ("SASL_SSL", "OAUTHBEARER")
    assert connection.scope == f"https://{NAMESPACE}/.default"
    assert "ssl.ca.location" not in settings
    named = Connection.from_environment({"EVENTS_BOOTSTRAP": f"{NAMESPACE}:9093", "SSL_CERT_FILE": "/ca.pem"})
    assert named.settings()["ssl.ca.location"] == "/ca.pem"


def test_the_token_callback_asks_for_the_namespace_as_this_process(azure):
    token, ends = entra_token(f"https://{NAMESPACE}/.default")("")
    assert (token, ends) == ("t", 4_000_000_000.0)
    assert "/msi/token" in azure.asked


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "EVENTS_BOOTSTRAP"),
        ({"EVENTS_BOOTSTRAP": "https://evh:9093"}, "EVENTS_BOOTSTRAP"),
        ({"EVENTS_BOOTSTRAP": "evh"}, "EVENTS_BOOTSTRAP"),
    ],
)
def test_an_unusable_connection_is_told_in_four_parts(environment, named):
    with pytest.raises(SettingError, match=rf"{named} can't be used(?s:.)*given: (?s:.)*allowed: (?s:.)*do: "):
        Connection.from_environment(environment)
