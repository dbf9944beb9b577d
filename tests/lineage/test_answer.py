"""The row to explain: from a service that listens, from a kept answer, and what is refused."""

from __future__ import annotations

import json

import pytest

from lineage.answer import Answer, AnswerRefusedError, RowMissingError
from rollout.service import Service
from tests.rollout.scoring_server import Answers, serving
from tests.rollout.test_scoring_release import BUILT, OLD

TOLD = {
    "model": "demand",
    "model_version": "3",
    "data_version": "silver/features@7",
    "digest": OLD,
    "unique_id": "7_12",
    "forecast": [
        {"ds": "2026-01-01T00:00:00Z", "point": 3.0, "lower": 1.0, "upper": 6.0},
        {"ds": "2026-01-02T00:00:00Z", "point": 4.0, "lower": 2.0, "upper": 7.0},
    ],
}


def test_a_running_service_is_asked_for_the_series():
    with serving(lambda: Answers(digest=OLD, built=BUILT, release="blue")) as url:
        answer = Answer.asked(Service(url=url), "store-3", "item_3")
        assert (answer.unique_id, answer.digest, answer.model_version) == ("store-3_item_3", OLD, "1")
        with pytest.raises(RowMissingError, match="404"):
            Answer.asked(Service(url=url), "store-3", "no")
    with pytest.raises(RowMissingError, match="ANSWER=FILE"):
        Answer.asked(Service(url=url), "store-3", "item_3")


def test_a_kept_answer_and_a_line_of_the_log_are_read_alike():
    line = {**TOLD, "time": 1.0, "operation": "score", "release": "blue"}
    assert Answer.kept(json.dumps(TOLD)) == Answer.kept(json.dumps(line))


@pytest.mark.parametrize("ds", ["2026-01-02", "2026-01-02T00:00:00", "2026-01-02T00:00:00Z"])
def test_one_period_is_taken_by_its_start(ds: str):
    assert [period.point for period in Answer.of(TOLD).at(ds).periods] == [4.0]


def test_a_period_outside_the_answer_is_refused_with_those_that_there_are():
    with pytest.raises(RowMissingError, match="from 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z"):
        Answer.of(TOLD).at("2025-12-31")


WRONG: dict[str, object] = {
    **{f"no {name}": {key: value for key, value in TOLD.items() if key != name} for name in TOLD},
    "no period": TOLD | {"forecast": []},
    "half a period": TOLD | {"forecast": [{"ds": "2026-01-01T00:00:00Z", "point": 1.0}]},
    "a number for periods": TOLD | {"forecast": 3},
    "a tag for a digest": TOLD | {"digest": "latest"},
    "a table without version": TOLD | {"data_version": "silver/features"},
    "a version in other figures": TOLD | {"data_version": "silver/features@\u00b2"},
    "a number for a version": TOLD | {"model_version": 3},
    "many rows": {"rows": [TOLD]},
    "a list": [TOLD],
    "null": None,
}


@pytest.mark.parametrize("told", WRONG.values(), ids=WRONG)
def test_what_is_no_answer_is_refused(told: object):
    with pytest.raises(AnswerRefusedError, match="scoring log"):
        Answer.kept(json.dumps(told))


def test_text_without_json_is_refused():
    with pytest.raises(AnswerRefusedError, match="nothing"):
        Answer.kept("")
