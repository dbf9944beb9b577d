"""The job's tasks tell the bus what happened: registered once silver is whole, failed with the reason."""

import sys

import duckdb
import pytest

from contracts.events import DataVersion, Event, Hub, OwnEvent, event_id
from data_ops import prepare as prepare_step, register, report_failure
from data_ops.failures import FAILURES, Failure, latest, record
from data_ops.job_task import JobParameters, ParametersRefusedError
from data_ops.register import NotPreparedError, registered

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def arguments(version=1, run=5):
    return ["--table=bronze/sales", f"--version={version}", "--causation=event-1", f"--traceparent={TRACE}", f"--run-id={run}"]


@pytest.fixture
def task(monkeypatch):
    def run(main, version=1, number=5):
        monkeypatch.setattr(sys, "argv", ["task", *arguments(version, number)])
        main()

    return run


def test_a_prepared_version_is_registered_with_figures_cause_and_trace(lake, daily, task, bus):
    lake.arrive("a.csv", daily())
    task(prepare_step.main)
    task(register.main)
    [dataset] = bus.read(Hub.DATASET_REGISTRY, 1)
    [features] = bus.read(Hub.FEATURE_REGISTRY, 1)
    assert (dataset["type"], dataset["subject"]) == ("mlops.dataset.registered", "silver/panel@1")
    assert (features["type"], features["subject"]) == ("mlops.features.registered", "silver/features@1")
    for body in (dataset, features):
        event = Event.of(body)
        assert (event.causationid, event.traceparent, event.dataversion) == ("event-1", TRACE, event.subject)
        assert event.id == event_id(OwnEvent(event.type), event.subject)
        assert (event.data["source"], event.data["rows_out"], event.data["series"]) == ("bronze/sales@1", 60, 2)
        assert event.data["silver"]["silver/features"] == lake.version("silver/features")


def test_a_repeated_registration_tells_the_same_facts_by_the_same_ids(lake, daily, task, bus):
    lake.arrive("a.csv", daily())
    task(prepare_step.main)
    task(register.main)
    task(register.main)
    events = bus.read(Hub.DATASET_REGISTRY, 2)
    assert len(events) == 2
    assert len({event["id"] for event in events}) == 1


def test_a_run_that_another_has_overtaken_says_nothing(lake, daily, task, bus, capsys):
    lake.arrive("a.csv", daily(days=30))
    lake.arrive("b.csv", daily(days=31))
    task(prepare_step.main, version=2)
    task(prepare_step.main, version=1)
    task(register.main, version=1)
    assert capsys.readouterr().out.count("overtaken") == 2
    task(register.main, version=2)
    assert [event["data"]["source"] for event in bus.read(Hub.DATASET_REGISTRY, 1)] == ["bronze/sales@2"]


def test_what_was_not_prepared_is_not_registered(lake, daily, task, bus):
    lake.arrive("a.csv", daily())
    with pytest.raises(NotPreparedError):
        registered(JobParameters.of(arguments()))
    with pytest.raises(SystemExit, match="2"):
        task(register.main)
    assert bus.read(Hub.DATASET_REGISTRY, 1, seconds=0.5) == []


def test_a_failed_run_tells_the_reason_that_its_task_left(lake, task, bus, capsys):
    lake.arrive("bad.csv", "date,store,item,sales\n2024-01-01,1,1,many\n")
    with pytest.raises(SystemExit, match="2"):
        task(prepare_step.main)
    assert "too many bad rows" in capsys.readouterr().err
    task(report_failure.main)
    task(report_failure.main)
    first, again = (Event.of(body) for body in bus.read(Hub.DATASET_REGISTRY, 2))
    assert first.id == again.id
    assert (first.type, first.subject, first.causationid) == ("mlops.dataset.failed", "bronze/sales@1", "event-1")
    assert (first.data["run_id"], first.data["task"], first.data["kind"]) == ("5", "prepare", "BatchRefusedError")
    assert "bad.csv: 1 of 1 rows" in first.data["given"]
    assert first.data["remedy"]


@pytest.mark.usefixtures("lake")
def test_another_run_that_fails_is_another_fact(task, bus):
    for number in (5, 6):
        with pytest.raises(SystemExit):
            task(prepare_step.main, number=number)
        task(report_failure.main, number=number)
    told = bus.read(Hub.DATASET_REGISTRY, 2)
    assert len({body["id"] for body in told}) == 2
    assert {body["data"]["kind"] for body in told} == {"TableMissingError"}


@pytest.mark.usefixtures("lake")
def test_a_task_that_was_killed_leaves_no_reason_and_the_run_is_named(task, bus):
    task(report_failure.main, number=77)
    [told] = bus.read(Hub.DATASET_REGISTRY, 1)
    assert told["data"]["kind"] == "Unknown"
    assert "run 77" in told["data"]["remedy"]


def test_a_lake_that_fails_keeps_its_own_error(lake, daily, task):
    lake.arrive("a.csv", daily())
    log = lake.folder / "bronze" / "sales" / "_delta_log" / f"{1:020d}.json"
    log.write_text(log.read_text().replace('"path":"', '"path":"gone-'))
    with pytest.raises(duckdb.Error, match="not found"):
        task(prepare_step.main)
    reason = latest("5", "bronze/sales@1")
    assert reason is not None
    assert reason.task == "prepare"
    assert "gone-" in reason.happened


def test_one_reason_is_kept_once_and_the_latest_is_found(lake):
    source = DataVersion(table="bronze/sales", version=3)
    for message in ("first", "first", "second"):
        record(Failure.of("9", "prepare", source, OSError(message)))
    record(Failure.of("10", "prepare", source, OSError("of another run")))
    assert len(lake.rows(FAILURES)) == 3
    reason = latest("9", str(source))
    assert reason is not None
    assert reason.happened == "second"


@pytest.mark.parametrize("given", [[], ["--table=silver/x", "--version=1"], ["--table=bronze/sales", "--version=x"]])
def test_parameters_that_name_no_bronze_version_are_refused(given):
    with pytest.raises(ParametersRefusedError, match="version"):
        JobParameters.of(given)
