"""The timeline: what is on it, when, and what led to what, from the bus and from the services' own tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.events import AzureEvent, Hub
from local.report.timeline import LANES, MARGIN_SECONDS, dots, step_names
from local.report.work import journal, spans
from local.services.cloud import Cloud
from local.services.databricks.models import DDL
from local.services.devops.agent import folder_of
from local.services.devops.models import Result, Runs as Builds
from local.services.machine_learning.runs import Run, RunKind, Runs, Status
from tests.local.report.bus_example import CREATED, RUN, STARTED, STEP, event, loop, recorded
from tests.local.report.report_example import COMMIT, DATASET, DIGEST, FEATURES, IMAGE, MODEL, TRAINED, run


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud.open(tmp_path)


def test_events_are_dots_in_the_lane_of_their_service_counted_from_the_commit() -> None:
    found = {dot.id: dot for dot in dots(recorded(), run(), {STEP: "train"})}
    assert [(found[name].lane, found[name].seconds, found[name].name) for name in (COMMIT, DATASET, MODEL, IMAGE, TRAINED)] == [
        ("Storage", 0.0, "bronze/sales@1"),
        ("Databricks", 8.5, "silver/panel@1 registered"),
        ("Azure ML", 28.0, "demand 1 registered"),
        ("Container Registry", 33.1, "scoring:1-1 pushed"),
        ("Azure ML", 33.8, "pipeline completed"),
    ]
    assert any(dot.name == "train completed" for dot in found.values())
    assert all(dot.lane in LANES for dot in found.values())


def test_causes_come_from_the_extension_or_from_what_the_object_of_azures_event_carries() -> None:
    found = {dot.id: dot.cause for dot in dots(recorded(), run(), {})}
    assert found[CREATED] == found[COMMIT] == ""
    assert found[DATASET] == found[FEATURES] == COMMIT
    assert found[TRAINED] == found[MODEL] == FEATURES
    assert found[IMAGE] == MODEL


def test_events_of_other_runs_are_not_on_the_timeline() -> None:
    long_ago = (-3600.0, Hub.DRIFT, event("Custom.Drift", "old", "x"))
    later = (54.6 + MARGIN_SECONDS + 1, Hub.DRIFT, event("Custom.Drift", "new", "x"))
    within = (20.0, Hub.DRIFT, event("Custom.DriftSeen", "now", "x"))
    found = {dot.id: dot for dot in dots(recorded(long_ago, later, within, *loop()), run(), {})}
    assert {"old", "new"}.isdisjoint(found)
    assert (found["now"].lane, found["now"].name) == (LANES[-1], "DriftSeen")


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        ("bronze/blobs/sales/_delta_log/00000000000000000012.json", "bronze/sales@12"),
        ("bronze/blobs/a/b/_delta_log/00000000000000000000.json", "bronze/a/b@0"),
        ("bronze/blobs/sales/_delta_log/_last_checkpoint", "_last_checkpoint"),
        ("bronze/blobs/sales/part-0.parquet", "part-0.parquet"),
        ("", ""),
    ],
)
def test_a_commit_is_named_by_its_data_version_and_any_other_blob_by_its_name(blob: str, expected: str) -> None:
    made = event(AzureEvent.BLOB_CREATED, "one", f"/blobServices/default/containers/{blob}")
    found = {dot.id: dot.name for dot in dots(recorded((1.0, Hub.DATA_DELIVERY, made), *loop()), run(), {})}
    assert found["one"] == expected


def pipeline(cloud: Cloud) -> None:
    """A pipeline run of one step that has run, and one that has not."""
    runs = Runs(cloud.store)
    with cloud.store.transaction() as connection:
        experiment = runs.experiment(connection, "/w", "demand")
        for run_id, kind, name in (
            (RUN, RunKind.PIPELINE, "demand"),
            (STEP, RunKind.STEP, "train"),
            ("x", RunKind.STEP, "package"),
        ):
            made = Run(
                run_id=run_id,
                workspace="/w",
                experiment=experiment,
                parent="" if run_id == RUN else RUN,
                root=RUN,
                kind=kind,
                name=name,
                status=Status.NOT_STARTED,
                created=STARTED / 1000,
            )
            runs.create(connection, made)
        runs.note(connection, RUN, "tag", {"causationid": FEATURES})
    with cloud.store.transaction() as connection:
        times = (STARTED / 1000 + 10, STARTED / 1000 + 24.5, STEP)
        connection.execute("update ml_runs set started = ?, ended = ?, status = 'Completed' where run_id = ?", times)


def job(cloud: Cloud) -> None:
    """A job run of two tasks that ran and one that was left out."""
    cloud.store.declare(DDL)
    with cloud.store.transaction() as connection:
        given = (2, 1, "{}", json.dumps({"causation": COMMIT}), "x", "TERMINATED", STARTED)
        connection.execute(
            "insert into databricks_runs(run_id, job_id, settings, parameters, creator, life, asked) values (?,?,?,?,?,?,?)",
            given,
        )
        ran = [("prepare", STARTED + 100, STARTED + 8200), ("register", STARTED + 8200, STARTED + 8500)]
        for number, task in enumerate([*ran, ("report-failure", None, None)]):
            name, *times = task
            row = (number + 3, 2, name, 0, "TERMINATED", "SUCCESS", *times)
            connection.execute(
                "insert into databricks_tasks(run_id, job_run_id, task_key, attempt, life, result, started, ended) values (?,?,?,?,?,?,?,?)",
                row,
            )


def release(cloud: Cloud, log: str) -> None:
    """A run of the release pipeline that took ten seconds."""
    builds = Builds(cloud.store)
    build = builds.queue({"digest": DIGEST}, "handler")
    folder = folder_of(cloud, build.id)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text(log)
    assert builds.begin(build.id, 1, 0.0)
    builds.end(build.id, Result.SUCCEEDED, "")
    with cloud.store.transaction() as connection:
        times = (STARTED / 1000 + 34, STARTED / 1000 + 44)
        connection.execute("update devops_runs set started = ?, finished = ?", times)


LOG = "2026-11-24T03:53:34Z step inspect done 0.5 demand 1\nnoise\nstep qa-up done 4.0 http://x\nstep acceptance failed 1.5 wrong digest\n"


def test_work_is_what_the_services_say_of_it_and_only_its_first_part_follows_from_the_cause(cloud: Cloud) -> None:
    job(cloud)
    pipeline(cloud)
    release(cloud, LOG)
    found = [
        (span.lane, span.name, round(span.start, 2), round(span.end, 2), span.state, span.cause)
        for span in spans(cloud, recorded(), run())
    ]
    assert found == [
        ("Databricks", "prepare", 0.1, 8.2, "success", COMMIT),
        ("Databricks", "register", 8.2, 8.5, "success", ""),
        ("Azure ML", "train", 10.0, 24.5, "completed", FEATURES),
        # Six seconds are told of ten, so the first step began after four.
        ("Release", "inspect", 38.0, 38.5, "done", IMAGE),
        ("Release", "qa-up", 38.5, 42.5, "done", ""),
        ("Release", "acceptance", 42.5, 44.0, "failed", ""),
    ]
    assert step_names(cloud) == {STEP: "train", "x": "package"}


def test_a_release_without_a_journal_is_one_piece_of_work(cloud: Cloud) -> None:
    release(cloud, "make: nothing said\n")
    found = [span for span in spans(cloud, recorded(), run()) if span.lane == "Release"]
    assert [(span.name, span.state, round(span.end - span.start)) for span in found] == [("release", "succeeded", 10)]


def test_a_stack_in_which_nothing_worked_has_no_work(cloud: Cloud) -> None:
    assert spans(cloud, recorded(), run()) == ()


def test_the_journal_is_read_from_whatever_else_is_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(LOG.encode() + b"\xff step half\nstep x running 1.0\n")
    assert journal(tmp_path / "log.txt") == [("inspect", "done", 0.5), ("qa-up", "done", 4.0), ("acceptance", "failed", 1.5)]
