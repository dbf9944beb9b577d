"""Clients of the Kafka broker log in with a token, and each right on a hub is a role's."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from events.connection import Connection
from local.services.eventhubs.clients import own_login
from local.services.eventhubs.topics import delete_topic
from local.tokens import Principal, Tokens
from tests.access import accessed
from tests.local.services.conftest import Site, make_site

pytestmark = pytest.mark.flow
SENDER, RECEIVER = "Azure Event Hubs Data Sender", "Azure Event Hubs Data Receiver"
INGEST = "principal-of-id-ingest"
QUIET: dict[str, Any] = {"log_level": 0, "reconnect.backoff.max.ms": 100}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with broker and identity service."""
    site = make_site(tmp_path_factory.mktemp("hubs"))
    for name in ("identity", "kafka"):
        site.start(name)
    yield site
    site.stop()


@pytest.fixture
def bus(running: Site) -> Iterator[Site]:
    """The site with an empty hub `drift`, on which nobody has a role but the topic's identity."""
    running.add_hub("drift")
    yield running
    for role in (SENDER, RECEIVER):
        running.unassign(role)
    delete_topic(running.cloud.state, "drift")


@pytest.fixture
def login(bus: Site, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The product's own settings of a client that runs as the identity `id-ingest`."""
    environment = {**bus.environment("id-ingest"), "EVENTS_BOOTSTRAP": bus.cloud.endpoints.bootstrap}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return {**Connection.from_environment(environment).settings(), **QUIET}


def sent(producer: Producer, hub: str = "drift", seconds: float = 10.0) -> int:
    """The error code of one record, 0 when it was taken."""
    codes: list[int] = []
    try:
        producer.produce(hub, value=b"x", partition=0, on_delivery=lambda error, _: codes.append(error.code() if error else 0))
    except KafkaException as error:
        codes.append(error.args[0].code())
    producer.flush(seconds)
    return codes[0] if codes else KafkaError._TIMED_OUT  # noqa: SLF001 - the client's own code for it


@contextmanager
def consumer(settings: Mapping[str, Any]) -> Iterator[Consumer]:
    made = Consumer({**settings, "group.id": "g", "enable.auto.commit": False, "auto.offset.reset": "earliest"})
    try:
        yield made
    finally:
        made.close()


def first(reader: Consumer, *passed: int) -> Any:
    """The value of the next record, or the error code that the client tells; codes of `passed` are passed over."""
    ends = time.monotonic() + 10
    while time.monotonic() < ends:
        message = reader.poll(0.2)
        if message is None:
            continue
        error = message.error()
        if error is None:
            return message.value()
        if error.code() not in passed:
            return error.code()
    return None


def fetched(settings: Mapping[str, Any]) -> Any:
    """What a client gets that fetches from the hub's first partition; that it has no group is passed over."""
    with consumer(settings) as reader:
        reader.assign([TopicPartition("drift", 0, 0)])
        return first(reader, KafkaError.GROUP_AUTHORIZATION_FAILED)


def becomes(read: Callable[[], Any], wanted: Any) -> bool:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if read() == wanted:
            return True
    return False


@pytest.mark.parametrize("way", ["PLAINTEXT", "SSL"])
def test_a_client_that_does_not_log_in_is_answered_nothing(bus: Site, way: str) -> None:
    known = {name: value for name, value in own_login(bus.cloud.state).items() if not name.startswith("sasl.")}
    client = AdminClient({**known, **QUIET, "security.protocol": way})
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)


def test_a_token_that_another_stack_signed_is_refused(bus: Site, tmp_path: Path) -> None:
    principal = Principal(name="deployer", client_id="c", object_id="o")
    foreign = Tokens(tmp_path / "other").issue(principal, "https://eventhubs.azure.net/")
    told: list[int] = []
    watch: dict[str, Any] = {"error_cb": lambda error: told.append(error.code())}
    login: dict[str, Any] = {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: foreign}
    client = AdminClient({**own_login(bus.cloud.state), **QUIET, **watch, **login})
    with pytest.raises(KafkaException):
        client.list_topics(timeout=2)
    client.poll(0.5)
    assert KafkaError._AUTHENTICATION in told  # noqa: SLF001 - the client's public name of this code


def test_a_wrong_key_is_refused(bus: Site) -> None:
    client = AdminClient({**own_login(bus.cloud.state), **QUIET, "sasl.password": "guessed"})
    with pytest.raises(KafkaException):
        client.list_topics(timeout=1)


def test_a_sender_sends_and_may_not_read(bus: Site, login: dict[str, Any]) -> None:
    bus.assign(INGEST, SENDER, bus.namespace)
    assert sent(Producer({**login, "enable.idempotence": True})) == 0
    assert fetched(login) == KafkaError.TOPIC_AUTHORIZATION_FAILED
    with consumer(login) as reader:
        reader.subscribe(["drift"])
        assert first(reader) == KafkaError.GROUP_AUTHORIZATION_FAILED


def test_a_receiver_reads_alone_and_in_a_group_and_may_not_send(bus: Site, login: dict[str, Any]) -> None:
    bus.assign(INGEST, RECEIVER, bus.namespace)
    assert sent(Producer(own_login(bus.cloud.state))) == 0
    assert fetched(login) == b"x"
    with consumer(login) as reader:
        reader.subscribe(["drift"])
        assert first(reader) == b"x"
        reader.commit(asynchronous=False)
    assert sent(Producer(login)) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_role_on_one_hub_is_none_on_another(bus: Site, login: dict[str, Any]) -> None:
    bus.add_hub("sales_stream")
    bus.assign(INGEST, SENDER, f"{bus.namespace}/eventhubs/drift")
    producer = Producer(login)
    assert [sent(producer), sent(producer, "sales_stream")] == [0, KafkaError.TOPIC_AUTHORIZATION_FAILED]


def test_no_role_on_data_makes_or_removes_hubs(bus: Site, login: dict[str, Any]) -> None:
    for role in (SENDER, RECEIVER):
        bus.assign(INGEST, role, bus.namespace)
    client = AdminClient(login)
    with pytest.raises(KafkaException, match="AUTHORIZATION_FAILED"):
        client.create_topics([NewTopic("mine", num_partitions=1, replication_factor=1)])["mine"].result(10)


def test_a_running_sender_is_stopped_by_its_roles_removal_and_goes_on_when_it_is_back(bus: Site, login: dict[str, Any]) -> None:
    held = bus.assign(INGEST, SENDER, bus.namespace)
    producer = Producer({**login, "enable.idempotence": True})
    assert sent(producer) == 0
    bus.cloud.resources.delete(held)
    assert becomes(lambda: sent(producer), KafkaError.TOPIC_AUTHORIZATION_FAILED)
    bus.assign(INGEST, SENDER, bus.namespace)
    assert becomes(lambda: sent(producer), 0)


def test_a_running_receiver_is_stopped_by_its_roles_removal_and_goes_on_when_it_is_back(bus: Site, login: dict[str, Any]) -> None:
    held = bus.assign(INGEST, RECEIVER, bus.namespace)
    sender = Producer(own_login(bus.cloud.state))
    with consumer(login) as reader:
        reader.subscribe(["drift"])
        assert sent(sender) == 0
        assert first(reader) == b"x"
        bus.cloud.resources.delete(held)
        refusals = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}
        assert becomes(lambda: first(reader) in refusals, wanted=True)
        bus.assign(INGEST, RECEIVER, bus.namespace)
        assert sent(sender) == 0
        assert becomes(lambda: first(reader), b"x")


def test_clients_go_on_while_nobody_judges_and_new_ones_wait(bus: Site, login: dict[str, Any]) -> None:
    bus.assign(INGEST, SENDER, bus.namespace)
    producer = Producer(login)
    assert sent(producer) == 0
    bus.kill("identity")
    assert [sent(producer) for _ in range(3)] == [0, 0, 0]
    later = Producer(
        own_login(bus.cloud.state) | {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _: ("t", time.time() + 60)}
    )
    assert sent(later, seconds=1) == KafkaError._TIMED_OUT  # noqa: SLF001 - the client's own code for it
    later.purge()
    bus.start("identity")


def test_the_access_log_tells_who_asked_for_what_and_whether_a_role_allows_it(bus: Site, login: dict[str, Any]) -> None:
    bus.assign(INGEST, SENDER, bus.namespace)
    assert sent(Producer(login)) == 0
    fetched(login)
    lines = [line for line in accessed(bus.cloud, "identity") if line["user_agent"] == "EventHubs" and line["action"]]
    asked = {(line["principal"], line["action"], line["scope"], line["authorized"]) for line in lines}
    assert ("id-ingest", "eventhubs/send", bus.namespace, True) in asked
    assert ("id-ingest", "eventhubs/receive", f"{bus.namespace}/eventhubs/drift", False) in asked
