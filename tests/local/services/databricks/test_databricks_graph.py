"""Which tasks run and how a run ends, against Databricks' documented table, for any results before them."""

from __future__ import annotations

from hypothesis import given, strategies as st

from local.services.databricks.graph import decide, outcome
from local.services.databricks.models import Life, Result, Run, TaskRun
from local.services.databricks.references import resolve

BAD = [Result.FAILED, Result.TIMEDOUT, Result.CANCELED, Result.UPSTREAM_FAILED]
ANY = [Result.SUCCESS, Result.EXCLUDED, *BAD]
results = st.lists(st.sampled_from(ANY), min_size=1, max_size=4)


def ending(condition, before):
    found = decide({"task_key": "t", "run_if": condition}, before)
    return None if found is None else found.result


def a_run(*tasks, parameters=None):
    return Run(
        run_id=7,
        job_id=1,
        settings={"name": "a job", "tasks": list(tasks)},
        parameters=parameters or {},
        creator="deployer",
        life=Life.RUNNING,
        result=None,
        code=None,
        message="",
        asked=0,
        started=86_400_000,
        ended=None,
        canceled=False,
    )


def a_task(key, result=None):
    empty = dict.fromkeys(["code", "started", "executing", "ended", "pid", "born", "peak_bytes", "error", "trace"])
    life = Life.TERMINATED if result else Life.RUNNING
    return TaskRun(run_id=8, job_run_id=7, task_key=key, attempt=1, life=life, result=result, message="", not_before=0, **empty)


@given(results)
def test_a_task_runs_by_default_only_when_all_before_it_went_well(before):
    runs = ending("ALL_SUCCESS", before) is None
    assert runs == (not set(before) & set(BAD) and set(before) != {Result.EXCLUDED})


@given(results)
def test_a_task_for_failures_runs_exactly_when_one_failed(before):
    assert ending("AT_LEAST_ONE_FAILED", before) == (None if set(before) & set(BAD) else Result.EXCLUDED)
    assert ending("ALL_FAILED", before) == (None if set(before) <= set(BAD) else Result.EXCLUDED)


@given(results)
def test_a_task_of_any_condition_is_excluded_when_all_before_it_were(before):
    assert ending("ALL_DONE", before) == (Result.EXCLUDED if set(before) == {Result.EXCLUDED} else None)
    if set(before) == {Result.EXCLUDED}:
        assert {ending(name, before) for name in ("NONE_FAILED", "AT_LEAST_ONE_SUCCESS")} == {Result.EXCLUDED}


@given(st.sampled_from(ANY), st.sampled_from(ANY))
def test_a_run_ends_by_its_leaf_tasks(first, last):
    run = a_run({"task_key": "a"}, {"task_key": "b", "depends_on": [{"task_key": "a"}]})
    if last is Result.UPSTREAM_FAILED and first not in BAD:
        return
    found = outcome(run, {"a": a_task("a", first), "b": a_task("b", last)}).result
    if last in BAD:
        assert found is Result.FAILED
    else:
        assert found is (Result.SUCCESS_WITH_FAILURES if first in BAD else Result.SUCCESS)


@given(st.dictionaries(st.from_regex(r"\w{1,8}", fullmatch=True), st.text(), min_size=1))
def test_parameters_are_put_in_as_they_are_and_only_once(parameters):
    run = a_run(parameters=parameters)
    for name, value in parameters.items():
        assert resolve(f"<{{{{job.parameters.{name}}}}}>", run, a_task("t")) == f"<{value}>"
        assert resolve(f"{{{{ job.parameters.`{name}` }}}}", run, a_task("t")) == value


def test_references_name_the_run_and_the_task():
    text = "{{job.id}} {{job.name}} {{job.run_id}} {{task.name}} {{task.run_id}} {{task.execution_count}} {{job.start_time.iso_date}}"
    assert resolve(text, a_run(), a_task("t")) == "1 a job 7 t 8 2 1970-01-02"
