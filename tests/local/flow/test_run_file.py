"""run.json: written from what happened, valid by its schema, each step proven by an event on the bus."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from local.flow import run_file
from local.flow.proof import StepUnprovenError
from local.flow.released import Released, ResultRefusedError
from local.progress import Progress
from local.report.recorder import FILE as EVENTS, Recorded
from local.services.cloud import Cloud
from tests.local.flow.outcome_example import outcome
from tests.local.flow.schema_check import SCHEMA, checked, problems
from tests.local.report.bus_example import loop, pushed, recorded
from tests.local.report.report_example import COMMIT, DATASET, DIGEST, FEATURES, IMAGE, MODEL, RESULT, TRAINED, released, run


def written(folder: Path, made: Any, bus: Recorded) -> dict[str, Any]:
    """What is on disk after a run, checked."""
    progress = Progress()
    progress.seconds |= {"ingest": 1.9, "silver": 9.4}
    bus.write(folder / EVENTS)
    run_file.write(Cloud.open(folder), made, bus, progress)
    return checked(folder)


def steps(told: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: step for step in told["steps"]}


def test_a_released_version_is_told_from_the_file_to_production(tmp_path: Path) -> None:
    told = written(tmp_path, outcome(), recorded())
    found = steps(told)
    assert [(name, step["status"], step["event"]) for name, step in found.items()] == [
        ("file", "done", COMMIT),
        ("commit", "done", COMMIT),
        ("silver", "done", DATASET),
        ("features", "done", FEATURES),
        ("training", "done", TRAINED),
        ("model", "done", MODEL),
        ("image", "done", IMAGE),
        ("released", "done", IMAGE),
    ]
    assert (found["file"]["seconds"], found["silver"]["seconds"], found["features"]["at"]) == (1.9, 8.5, 8.6)
    assert (found["released"]["seconds"], found["released"]["at"]) == (21.5, 54.6)
    assert told["release"]["digest"] == found["image"]["subject"] == DIGEST
    assert (told["release"]["slot"], told["release"]["qa"][0]["name"]) == ("green", "ready")
    assert told["model"] == {
        "name": "demand",
        "version": "1",
        "registered": True,
        "rung": "lightgbm",
        "naive": "seasonal_naive_7",
    }
    assert told["metrics"]["challenger"] == {"wape": 0.353, "coverage": None}
    assert (told["command"], told["total_seconds"]) == ("make up", 11.3)


@pytest.mark.parametrize("decision", ["keep", "no_change", "insufficient_data"])
def test_a_run_that_registers_nothing_skips_model_image_and_release(tmp_path: Path, decision: str) -> None:
    told = written(tmp_path, outcome(decision=decision), recorded())
    found = steps(told)
    assert [found[name]["status"] for name in ("model", "image", "released")] == ["skipped"] * 3
    assert [found[name]["event"] for name in ("model", "image", "released")] == [None] * 3
    assert (told["model"]["version"], told["model"]["registered"]) == ("1", False)
    assert told["release"]["decision"] == "none"


def test_a_rejected_image_is_a_failed_release_and_one_already_live_a_skipped_one(tmp_path: Path) -> None:
    rejected = Released.of({**RESULT, "production": None, "decision": "rejected", "reason": "QA: wrong digest"}, seconds=7.0)
    found = steps(written(tmp_path, outcome(release=rejected), recorded()))
    assert (found["image"]["status"], found["released"]["status"], found["released"]["at"]) == ("done", "failed", 40.1)
    unchanged = Released.of({**RESULT, "decision": "unchanged"}, seconds=1.0)
    found = steps(written(tmp_path, outcome(release=unchanged), recorded()))
    assert [found[name]["status"] for name in ("image", "released")] == ["skipped", "skipped"]


@pytest.mark.parametrize("gone", [COMMIT, DATASET, FEATURES, TRAINED, MODEL, IMAGE])
def test_a_step_whose_event_nobody_read_stops_the_run(gone: str) -> None:
    with pytest.raises(StepUnprovenError) as caught:
        run_file.content(outcome(), recorded(*(told for told in loop() if told[2].id != gone)), Progress())
    assert caught.value.given.startswith("step ")


def test_the_push_of_another_image_or_repository_proves_nothing() -> None:
    others = (pushed("sha256:" + "0" * 64), pushed(repository="event-handler"))
    for other in others:
        told = [(at, hub, other if event.id == IMAGE else event) for at, hub, event in loop()]
        with pytest.raises(StepUnprovenError, match="no event"):
            run_file.content(outcome(), recorded(*told), Progress())


def test_the_command_is_the_one_that_does_it_again() -> None:
    options = replace(outcome().options, stack="prod", data="my day.csv", columns="date=day")
    assert outcome(options=options).command == "make up STACK=prod DATA='my day.csv' COLUMNS=date=day"
    assert outcome(options=replace(outcome().options, verb="demo", scenario="new-data")).command == "make demo SCENARIO=new-data"


def test_a_step_whose_outputs_were_reused_took_no_time() -> None:
    made = outcome()
    reused = replace(made.trained, steps=tuple(replace(step, started=None) for step in made.trained.steps))
    told = run_file.content(replace(made, trained=reused), recorded(), Progress())
    assert [step["seconds"] for step in told["training"]["steps"]] == [0.0]


def test_a_file_that_was_there_before_is_a_skipped_step(tmp_path: Path) -> None:
    repeated = replace(outcome().arrival, repeated=True)
    assert steps(written(tmp_path, outcome(arrival=repeated), recorded()))["file"]["status"] == "skipped"


def without(told: dict[str, Any], *path: str | int) -> dict[str, Any]:
    copy = json.loads(json.dumps(told))
    place = copy
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return copy


def changed(told: dict[str, Any], value: Any, *path: str | int) -> dict[str, Any]:
    copy = json.loads(json.dumps(told))
    place = copy
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return copy


def test_the_schema_refuses_what_is_not_proven_not_named_or_not_known() -> None:
    told = run()
    Draft202012Validator.check_schema(SCHEMA)
    assert problems(told) == []
    bad = [
        *(without(told, name) for name in SCHEMA["required"]),
        without(told, "steps", 7),
        without(told, "release", "qa", 0, "detail"),
        changed(told, None, "steps", 2, "event"),
        changed(told, "features", "steps", 2, "name"),
        changed(told, "half", "steps", 2, "status"),
        changed(told, 1, "steps", 2, "more"),
        changed(told, "latest", "release", "digest"),
        changed(told, "", "release", "digest"),
        changed(told, [], "release", "qa"),
        changed(told, "red", "release", "slot"),
        changed(told, "maybe", "decision", "decision"),
        changed(told, [], "decision", "reasons"),
        changed(told, "panel@1", "data", "silver"),
        changed(told, 0, "data", "rows"),
        changed(told, "lots", "metrics", "challenger", "wape"),
    ]
    assert [index for index, one in enumerate(bad) if not problems(one)] == []
    assert problems(changed(told, None, "metrics", "challenger", "wape")) == []


def test_a_releases_result_is_read_whole_and_an_unknown_decision_refused() -> None:
    found = released()
    assert (found.slot, found.url, found.version, found.live) == ("green", "https://127.12.0.9:8443", "1", True)
    assert [(check.name, check.ok) for check in (*found.qa, *found.production)] == [
        ("ready", True),
        ("forecast of a series", True),
        ("digest", True),
    ]
    assert not Released.none("why").live
    early = Released.of({"decision": "rejected", "qa": None, "production": None, "digest": DIGEST})
    assert (early.qa, early.url, early.live) == ((), "", False)
    with pytest.raises(ResultRefusedError):
        Released.of({**RESULT, "decision": "perhaps"})
