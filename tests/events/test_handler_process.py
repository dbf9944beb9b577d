"""The handler's command against a mock cluster or the local broker, and an Azure that counts effects on its own."""

import contextlib
import json
import sqlite3

import pytest

from contracts.events import Hub
from events.inbox import token
from events.status import read_status


def rows(state, query):
    with contextlib.closing(sqlite3.connect(state / "inbox.db")) as inbox:
        return inbox.execute(query).fetchall()


def counted(state, **wanted):
    status = read_status(state)
    return status is not None and all(getattr(status.counts, name) == value for name, value in wanted.items())


def heartbeat(state):
    status = read_status(state)
    assert status is not None
    return status


def test_each_commit_starts_one_run_and_everything_else_is_counted_or_dead_lettered(
    bus, azure, start, committed, until, tmp_path
):
    azure.commit("sales", 0)
    azure.commit("sales", 1, b'{"commitInfo":{}}\n{"add":{"path":"x","dataChange":false}}\n')
    azure.commit("poison", 0)
    azure.commit("calendar", 0)
    told_twice = committed(version=0, identity="a")
    bus.put(Hub.DATA_DELIVERY, told_twice, [told_twice], committed(version=0, identity="b"), committed(version=1, identity="c"))
    bus.put(
        Hub.DATA_DELIVERY, b"\xff\x00", committed(table="../silver/x", identity="d"), committed(table="calendar", identity="f")
    )
    dataset = {"specversion": "1.0", "type": "mlops.dataset.registered", "source": "s", "id": "g", "subject": "silver/panel@0"}
    bus.put(Hub.DATASET_REGISTRY, dataset)
    service = start(bus.connection.bootstrap)
    until(lambda: counted(tmp_path, ready=0, done=2, ignored=1, dead=2, duplicates=2, unrouted=1))
    until(lambda: (status := read_status(tmp_path)) is not None and status.lag == 0)
    status = heartbeat(tmp_path)
    assert service.terminate() == 0

    keys = ("bronze/sales@0", "bronze/calendar@0")
    assert set(azure.effects) == {token("data-committed", key, 1) for key in keys}
    cause = azure.parameters[azure.effects[token("data-committed", "bronze/sales@0", 1)]]
    assert cause == {"table": "bronze/sales", "version": "0", "causation": "a", "traceparent": ""}
    assert status.counts.unrouted_types == {"mlops.dataset.registered": 1}
    assert (len(status.assigned), status.expected, status.missing_hubs) == (32, 32, [])
    dead = bus.read(Hub.DEAD_LETTER, 2)
    assert sorted(headers["route"] for _, headers in dead) == ["malformed", "refused"]
    assert {value[:2] for value, _ in dead} == {b"\xff\x00", b'{"'}
    assert azure.agents == {"azsdk-python-identity", "object_store", "mlops-forecasting-events", "EventHubs"}
    assert not any("silver" in path or "never-read" in path for path in azure.asked)


@pytest.mark.flow
def test_a_kill_between_the_action_and_its_outcome_gives_one_effect(broker, bus_at, azure, start, committed, until, tmp_path):
    azure.commit("sales", 3)
    azure.open.clear()
    bus_at(broker.state).put(Hub.DATA_DELIVERY, committed(version=3))
    first = start(broker.bootstrap)
    until(lambda: len(azure.effects) == 1)
    first.kill()
    assert rows(tmp_path, "select state, tries, run_id from inbox") == [("ready", 1, "")]
    azure.open.set()
    second = start(broker.bootstrap)
    until(lambda: rows(tmp_path, "select 1 from inbox where state = 'done'"))
    assert second.terminate() == 0
    assert rows(tmp_path, "select tries, run_id from inbox") == [(2, "101")]
    assert (len(azure.calls), len(azure.effects)) == (2, 1)


@pytest.mark.flow
def test_offsets_lost_after_the_inbox_was_written_double_nothing(broker_in, bus_at, azure, start, committed, until, tmp_path):
    broker = broker_in("first")
    azure.commit("sales", 0)
    bus_at(broker.state).put(Hub.DATA_DELIVERY, committed(version=0))
    first = start(broker.bootstrap)
    until(lambda: rows(tmp_path, "select 1 from inbox where state = 'done'") if (tmp_path / "status.json").exists() else False)
    first.kill()
    # A bus that never saw a commit of the offsets, with the same record and one more.
    azure.commit("sales", 1)
    other = broker_in("second")
    fresh = bus_at(other.state)
    fresh.put(Hub.DATA_DELIVERY, committed(version=0), committed(version=1, identity="e-1"))
    second = start(other.bootstrap)
    until(lambda: counted(tmp_path, done=2, duplicates=1))
    assert second.terminate() == 0
    assert (len(azure.calls), len(azure.effects)) == (2, 2)


@pytest.mark.flow
def test_sigterm_lets_the_running_action_end_and_leaves_the_rest_for_the_next_start(
    broker, bus_at, azure, start, committed, until, tmp_path
):
    azure.commit("sales", 0)
    azure.commit("sales", 1)
    azure.open.clear()
    bus_at(broker.state).put(Hub.DATA_DELIVERY, committed(version=0), committed(version=1, identity="e-1"))
    service = start(broker.bootstrap)
    until(lambda: azure.effects and len(rows(tmp_path, "select 1 from inbox")) == 2)
    service.process.terminate()
    until(lambda: (status := read_status(tmp_path)) is not None and status.state == "draining")
    azure.open.set()
    assert service.terminate() == 0
    assert heartbeat(tmp_path).state == "stopped"
    # Which of the two came first is the bus's choice, since they lie in any partition.
    assert sorted(rows(tmp_path, "select state, run_id from inbox")) == [("done", "101"), ("ready", "")]
    assert len(azure.calls) == 1


@pytest.mark.flow
def test_a_second_handler_on_the_same_state_is_refused(broker, start, until, tmp_path):
    first = start(broker.bootstrap)
    until((tmp_path / "status.json").exists)
    second = start(broker.bootstrap)
    assert second.process.wait(30) == 2
    assert "Another event handler works on this state directory." in (tmp_path / "handler.log").read_text()
    assert first.process.poll() is None
    assert first.terminate() == 0


@pytest.mark.flow
def test_a_missing_job_is_an_error_that_the_heartbeat_names_until_it_is_a_dead_letter(
    broker, bus_at, azure, start, committed, until, tmp_path
):
    azure.commit("sales", 0)
    azure.jobs.clear()
    bus_at(broker.state).put(Hub.DATA_DELIVERY, committed(version=0))
    service = start(broker.bootstrap, HANDLER_TRIES="2")
    until(lambda: counted(tmp_path, dead=1))
    ended = heartbeat(tmp_path).counts.ended_badly
    assert service.terminate() == 0
    assert (ended[0]["effect_key"], ended[0]["tries"]) == ("bronze/sales@0", 2)
    assert "no jobs named prepare-dataset" in ended[0]["error"]
    [(value, headers)] = bus_at(broker.state).read(Hub.DEAD_LETTER, 1)
    assert json.loads(value) == committed(version=0)
    assert (headers["route"], headers["attempt"], headers["tries"]) == ("data-committed", "1", "2")
    assert azure.effects == {}
