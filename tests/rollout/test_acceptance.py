"""Acceptance against a service that really listens: right answers pass, each wrong answer fails its own check."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contracts.images import Built
from rollout import acceptance
from rollout.acceptance import CHECKS, Expected, accept, failures, reaches
from rollout.service import Service
from tests.rollout.scoring_server import PROBLEM, Answers, forecasts, serving

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
BUILT = Built(model="demand", model_version="3", data_version="silver/panel@7", run="run-1", revision="abc")
RIGHT = Answers(digest=DIGEST, built=BUILT, release="qa")
EXPECTED = Expected(
    digest=DIGEST,
    built=BUILT,
    place="qa",
    forecasts=forecasts(),
    data_version=BUILT.data_version,
    ready_seconds=1.0,
    answer_millis=5000.0,
)


def failed(answers: Answers, expected: Expected = EXPECTED) -> dict[str, str]:
    """Failed checks of a service, with what they saw."""
    with serving(lambda: answers) as url:
        return {check.name: check.detail for check in accept(Service(url=url), expected) if not check.ok}


def periods(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answers:
    """A service whose every period is changed."""
    return RIGHT.spoilt("/forecast", lambda body: {**body, "forecast": [change(item) for item in body["forecast"]]})


def test_a_right_service_passes_every_check():
    with serving(lambda: RIGHT) as url:
        checks = accept(Service(url=url), EXPECTED)
    assert failures(checks) == ""
    assert [check.name for check in checks] == ["ready", *CHECKS]
    assert all(check.detail for check in checks)


WRONG: list[tuple[str, str, Answers]] = [
    ("ready", "status 503", RIGHT.replying("/ready", status=503)),
    ("ready", "status 500", RIGHT.replying("/live", status=500)),
    ("version", f"digest '{OTHER}'", replace(RIGHT, digest=OTHER)),
    ("version", "model_version '2'", replace(RIGHT, built=replace(BUILT, model_version="2"))),
    ("version", "model 'other'", replace(RIGHT, built=replace(BUILT, model="other"))),
    ("version", "data_version", replace(RIGHT, built=replace(BUILT, data_version="silver/panel@6"))),
    ("version", "release 'green'", replace(RIGHT, release="green")),
    ("version", "without JSON", RIGHT.replying("/version", body=b"<html>")),
    ("forecasts", "away from the published", periods(lambda item: {**item, "point": item["point"] * 1.001 + 0.01})),
    ("forecasts", "not lower <= point <= upper", periods(lambda item: {**item, "lower": item["upper"] + 1})),
    ("forecasts", "not finite", periods(lambda item: {**item, "point": float("nan")})),
    ("forecasts", "6 periods instead of 7", RIGHT.spoilt("/forecast", lambda body: {**body, "forecast": body["forecast"][:-1]})),
    ("forecasts", "no periods", RIGHT.spoilt("/forecast", lambda body: {**body, "forecast": None})),
    ("forecasts", "without ds", periods(lambda item: {key: value for key, value in item.items() if key != "upper"})),
    ("forecasts", "periods from", periods(lambda item: {**item, "ds": "2025-01-01T00:00:00"})),
    ("forecasts", "data_version None", RIGHT.spoilt("/forecast", lambda body: {**body, "data_version": None})),
    ("forecasts", "unique_id", RIGHT.spoilt("/forecast", lambda body: {**body, "unique_id": "another"})),
    ("unknown-series", "status 200", RIGHT.replying("/forecast/no-such-store", status=200)),
    ("unknown-series", "status 500", RIGHT.replying("/forecast/no-such-store", status=500)),
    ("unknown-series", f"instead of {PROBLEM}", RIGHT.replying("/forecast/no-such-store", media_type="text/html")),
    ("malformed-body", "status 200", RIGHT.replying("/score", status=200)),
    ("malformed-body", "status 500", RIGHT.replying("/score", status=500)),
    ("oversized-body", "status 400", RIGHT.replying("/score", status=400)),
    ("metrics", "no metric family", RIGHT.replying("/metrics", body=b"ok")),
    ("metrics", "status 404", RIGHT.replying("/metrics", status=404)),
]


@pytest.mark.parametrize(("check", "seen", "answers"), WRONG, ids=[f"{check}-{seen}" for check, seen, _ in WRONG])
def test_a_wrong_answer_fails_its_check_and_is_told(check, seen, answers):
    assert seen in failed(answers)[check]


def test_every_check_refuses_a_bad_example():
    assert {check for check, _, _ in WRONG} | {"latency"} == {"ready", *CHECKS}


def test_a_slow_service_fails_latency_and_nothing_else(monkeypatch):
    monkeypatch.setattr(acceptance, "CALLS", 2)
    found = failed(RIGHT.replying("/forecast/store-0", pause=0.05), replace(EXPECTED, answer_millis=20.0))
    assert set(found) == {"latency"}
    assert "allowed 20 ms" in found["latency"]


def test_numbers_of_another_model_fail_although_identity_and_order_hold():
    shifted = forecasts()
    other = replace(shifted, **{name: getattr(shifted, name) + np.float32(0.5) for name in ("lower", "point", "upper")})
    assert set(failed(replace(RIGHT, forecasts=other))) == {"forecasts"}


def test_a_service_that_is_not_there_fails_ready_after_the_deadline_and_nothing_else_is_tried():
    began = time.monotonic()
    checks = accept(Service(url="http://127.0.0.1:9"), replace(EXPECTED, ready_seconds=0.5))
    assert [(check.name, check.ok) for check in checks] == [("ready", False)]
    assert 0.5 <= time.monotonic() - began < 10


def test_a_service_that_gets_ready_within_the_deadline_passes():
    ready = time.monotonic() + 0.6
    with serving(lambda: RIGHT if time.monotonic() > ready else RIGHT.replying("/ready", status=503)) as url:
        assert failures(accept(Service(url=url), replace(EXPECTED, ready_seconds=10.0))) == ""


def test_an_address_may_take_a_while_to_reach_the_new_slot():
    moved, old = time.monotonic() + 0.6, replace(RIGHT, digest=OTHER, release="blue")
    new = replace(RIGHT, release="green")
    with serving(lambda: new if time.monotonic() > moved else old) as url:
        assert failures(accept(Service(url=url), replace(EXPECTED, place="green"))) == ""


def test_an_address_that_never_moves_is_told(monkeypatch):
    monkeypatch.setattr(acceptance, "MOVE_SECONDS", 0.3)
    with serving(lambda: replace(RIGHT, digest=OTHER, release="blue")) as url:
        assert "version: digest" in failures(accept(Service(url=url), replace(EXPECTED, place="green")))
        assert not reaches(Service(url=url), DIGEST).ok
        assert reaches(Service(url=url), OTHER).ok


def test_all_failures_are_told_at_once():
    broken = replace(RIGHT, digest=OTHER).replying("/metrics", status=500)
    assert set(failed(broken)) == {"version", "forecasts", "metrics"}
