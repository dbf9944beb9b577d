"""kill -9 of handler and broker while events flow, on the broker of the local cloud: nothing lost, nothing doubled."""

import contextlib
import sqlite3
import threading
import time

import pytest

from contracts.events import Hub
from events.inbox import token
from events.status import read_status

TABLES, VERSIONS = ("sales", "calendar", "stores"), range(12)


@pytest.mark.flow
def test_kills_of_handler_and_broker_lose_and_double_nothing(broker, bus_at, azure, start, committed, until, tmp_path):
    facts = [(table, version) for version in VERSIONS for table in TABLES]
    for table, version in facts:
        azure.commit(table, version)
    bus = bus_at(broker.state)

    def deliver():
        for number, (table, version) in enumerate(facts):
            told = committed(table=table, version=version, identity=f"a-{number}")
            bus.put(Hub.DATA_DELIVERY, told, told, committed(table=table, version=version, identity=f"b-{number}"))
            time.sleep(0.08)

    sender = threading.Thread(target=deliver)
    sender.start()
    service = start(broker.bootstrap)
    try:
        for effects, victim in ((1, "handler"), (7, "broker"), (13, "handler"), (20, "broker"), (26, "handler")):
            until(lambda least=effects: len(azure.effects) >= least, 40)
            if victim == "broker":
                broker.kill()
                broker.start()
            else:
                service.kill()
                service = start(broker.bootstrap)
    finally:
        sender.join()
    until(lambda: (status := read_status(tmp_path)) is not None and status.counts.done == len(facts) and status.lag == 0, 40)
    assert service.terminate() == 0

    assert set(azure.effects) == {token("data-committed", f"bronze/{table}@{version}", 1) for table, version in facts}
    # The bus keeps no order between commits of a table: each is a subject, and so a key, of its own.
    assert sorted(azure.effects.values()) == list(range(101, 101 + len(facts)))
    prepared = {(run["table"], int(run["version"])) for run in azure.parameters.values()}
    assert prepared == {(f"bronze/{table}", version) for table, version in facts}
    with contextlib.closing(sqlite3.connect(tmp_path / "inbox.db")) as inbox:
        assert inbox.execute("select count(*), sum(deliveries) >= 108 from arrivals").fetchone() == (2 * len(facts), 1)
    assert bus.read(Hub.DEAD_LETTER, 1, seconds=1) == []


@pytest.mark.flow
def test_a_handler_that_another_with_its_id_replaced_ends_with_an_error(broker, start, until, tmp_path, azure):
    first = start(broker.bootstrap)
    until(lambda: (status := read_status(tmp_path)) is not None and len(status.assigned) == 32)
    other = tmp_path / "other"
    other.mkdir()
    start(broker.bootstrap, state=other)
    assert first.process.wait(30) == 1
    until(lambda: (status := read_status(other)) is not None and len(status.assigned) == 32)
    assert "fenced" in (tmp_path / "handler.log").read_text()
    assert azure.calls == []
