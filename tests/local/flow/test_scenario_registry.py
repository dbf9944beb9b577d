"""The scenarios: one registry, named alike wherever a person reads of them, and refused in four parts when there is none."""

import re
from pathlib import Path

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from contracts.errors import FourPartError
from data_ops.checks import BAD_SHARE, batches, judge
from local.flow.options import Options
from local.flow.republish import StackAbsentError
from local.flow.scenarios.broken_rows import broken
from local.flow.scenarios.demo import demo
from local.flow.scenarios.registry import SCENARIOS, ScenarioUnknownError, after, find

ROOT = Path(__file__).parents[3]
ARRIVED = pa.scalar(1_900_000_000_000_000, pa.timestamp("us", "UTC"))


def options(scenario: str) -> Options:
    return Options(verb="demo", stack="dev", data="", columns="", scenario=scenario)


def test_there_is_one_file_for_each_scenario_and_each_has_another_after_it():
    assert list(SCENARIOS) == ["new-data", "bad-data", "worse-model", "duplicate-events", "crash"]
    files = {file.stem.replace("_", "-") for file in (ROOT / "local/flow/scenarios").glob("*.py")}
    assert set(SCENARIOS) <= files
    assert {after(name) for name in SCENARIOS} == set(SCENARIOS)
    assert all(one.told and one.name == name for name, one in SCENARIOS.items())


@pytest.mark.parametrize("page", ["README.md", "Makefile"])
def test_the_pages_name_the_scenarios_that_there_are(page):
    named = re.search(r"SCENARIO=((?:[a-z-]+\|)+[a-z-]+)", (ROOT / page).read_text().replace("\\|", "|"))
    assert named is not None
    assert named[1].split("|") == list(SCENARIOS)


@pytest.mark.parametrize("name", ["", "drift", "new_data"])
def test_an_unknown_scenario_is_refused_with_the_names_of_those_there_are(name):
    with pytest.raises(ScenarioUnknownError) as refusal:
        find(name)
    assert refusal.value.allowed == "new-data, bad-data, worse-model, duplicate-events, crash"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_without_a_stack_says_how_to_make_one(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOCAL_CLOUD_HOME", str(tmp_path))
    with pytest.raises(StackAbsentError) as refusal:
        demo(options(name))
    assert isinstance(refusal.value, FourPartError)
    assert refusal.value.remedy == "make up STACK=dev"
    assert capsys.readouterr().out == ""


def period(series: int) -> pa.Table:
    """A good file of one period."""
    return pa.table(
        {
            "date": ["2026-01-01 00:00:00"] * series,
            "store": [f"s{number}" for number in range(series)],
            "item": ["1"] * series,
            "sales": [float(number) for number in range(series)],
            "price": [1.5] * series,
        }
    )


def judged(file: pa.Table) -> ibis.Table:
    """What `data_ops.checks` says of a file, as it stands in bronze."""
    count = file.num_rows
    texts = {name: file[name].cast(pa.string()) for name in ("date", "store", "item", "sales")}
    stamps = {"_source_file": ["f"] * count, "_ingest_ts": pa.repeat(ARRIVED, count), "_batch_id": ["b"] * count}
    return judge(ibis.memtable(pa.table({**texts, **stamps, "_seq": list(range(count))})))


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 400))
def test_a_broken_file_is_refused_by_the_checks_of_the_job_whatever_its_length(series):
    ((rows, bad),) = [(one["rows"], one["bad"]) for one in batches(judged(broken(period(series)))).to_pyarrow().to_pylist()]
    assert rows == series
    assert bad > 2 * BAD_SHARE * rows
    assert bad <= max(6, 0.13 * series + 1)


def test_a_broken_file_is_broken_in_several_ways_and_the_same_file_is_good_before():
    reasons = judged(broken(period(500)))["reason"].to_pyarrow().to_pylist()
    assert set(reasons) >= {"negative_sales", "bad_sales", "bad_date", "missing_key"}
    assert judged(period(500))["reason"].to_pyarrow().null_count == 500
    assert broken(period(500))["price"] == period(500)["price"]
