"""A parallel step is worked through in mini batches of files by workers, failures counted as Azure ML counts them."""

from __future__ import annotations

import json

import pytest

from local.services.machine_learning.runs import Status

FILES = "for n in 1 2 3 4 5; do echo $n > ${{outputs.out}}/item-$n; done"
SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--out", type=pathlib.Path)
given, _ = parser.parse_known_args()

def note(text):
    with (given.out / "log").open("a") as log:
        log.write(text + chr(10))

def init():
    note(f"init {os.getpid()}")

def run(batch):
    numbers = [pathlib.Path(name).read_text().strip() for name in batch]
    note(f"run {os.getpid()} {' '.join(numbers)}")
    BODY
    return numbers

def shutdown():
    note(f"shutdown {os.getpid()}")
"""


UNTIL_TWO_ARE_THERE = """
    import time
    while (given.out / "log").read_text().count("init") < 2:
        time.sleep(0.05)
"""
ONCE_EACH = """
    import signal, time
    tried = given.out / f"tried-{numbers[0]}"
    first = not tried.exists()
    tried.touch()
    if first and "1" in numbers:
        time.sleep(60)
    if first and "5" in numbers:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def pipeline(stage):
    """Publish `make`, which writes five files, before a parallel step `each` over them; `body` works on a mini batch."""

    def publish(body="pass", *, node=None, task=None, **more):
        made = stage.component(FILES)
        told = {
            "type": "run_function",
            "code": stage.code(SCRIPT.replace("BODY", body)),
            "entry_script": "hello.py",
            "environment": stage.environment(),
            "program_arguments": "--out ${{outputs.out}}",
            **(task or {}),
        }
        spec = {
            "type": "parallel",
            "inputs": {"files": {"type": "uri_folder"}},
            "outputs": {"out": {"type": "uri_folder"}},
            "input_data": "${{inputs.files}}",
            "mini_batch_size": "2",
            "mini_batch_error_threshold": 0,
            "max_concurrency_per_instance": 1,
            "retry_settings": {"max_retries": 1, "timeout": 60},
            "task": told,
            **more,
        }
        each = stage.publish("components", "each", componentSpec=spec)
        files = {"files": {"value": "${{parent.jobs.make.outputs.out}}", "job_input_type": "literal"}}
        nodes = {
            "make": {"type": "command", "componentId": made},
            "each": {"type": "parallel", "componentId": each, "inputs": files, **(node or {})},
        }
        return stage.pipeline(nodes)

    return publish


@pytest.fixture
def done(stage, pipeline):
    """Run such a pipeline; its run, and the lines that the script noted, by their first word."""

    def run(*body, **more):
        stage.start()
        stage.submit("job", pipeline(*body, **more))
        ended = stage.wait("job")
        noted = {}
        log = stage.cloud.state / "machine_learning" / "jobs" / "job" / "each" / "outputs" / "out" / "log"
        for line in log.read_text().splitlines() if log.exists() else ():
            word, _, rest = line.partition(" ")
            noted.setdefault(word, []).append(rest)
        return ended, noted

    return run


@pytest.mark.flow
def test_each_mini_batch_is_run_once_by_workers_that_are_prepared_once(stage, done):
    ended, noted = done(node={"resources": {"instance_count": 2}})
    assert ended.status is Status.COMPLETED
    assert sorted(line.partition(" ")[2] for line in noted["run"]) == ["1 2", "3 4", "5"]
    workers = {line.partition(" ")[0] for line in noted["run"]}
    assert 1 <= len(workers) <= 2
    assert sorted(noted["init"]) == sorted(noted["shutdown"]) == sorted(workers)
    assert stage.steps("job")["each"].name == "each"


@pytest.mark.flow
def test_two_nodes_work_at_the_same_time(done):
    ended, noted = done(UNTIL_TWO_ARE_THERE, node={"resources": {"instance_count": 2}})
    assert ended.status is Status.COMPLETED, ended.error
    assert len(noted["init"]) == 2


@pytest.mark.flow
def test_a_mini_batch_that_raises_fails_the_run_with_its_message_after_its_retries(done):
    ended, noted = done("assert '3' not in numbers, 'three is broken'")
    assert ended.status is Status.FAILED
    assert "mini batch item-3, item-4: AssertionError: three is broken" in ended.error
    assert "1 failed, of 3 mini batches in all; mini_batch_error_threshold is 0" in ended.error
    assert [line.partition(" ")[2] for line in noted["run"]].count("3 4") == 2


@pytest.mark.flow
def test_fewer_results_than_items_are_a_failure_and_more_are_none(done):
    ended, _ = done("numbers = numbers[:1] if '1' in numbers else [*numbers, 'more']")
    assert ended.status is Status.FAILED
    assert "mini batch item-1, item-2: run() returned 1 results for 2 items" in ended.error


@pytest.mark.flow
@pytest.mark.parametrize("body", ["return None", "return '12'"])
def test_results_that_can_not_be_counted_are_a_failure(done, body):
    ended, _ = done(body)
    assert "run() returns a list, a tuple or a data frame; this one returned" in ended.error


@pytest.mark.flow
def test_failures_within_the_threshold_or_a_negative_one_are_ignored_as_azure_ml_does(done):
    ended, noted = done("assert '3' not in numbers", mini_batch_error_threshold=1, retry_settings={"max_retries": 0})
    assert ended.status is Status.COMPLETED
    assert len(noted["run"]) == 3


@pytest.mark.flow
def test_failed_items_are_counted_by_their_own_threshold(done):
    ended, _ = done("return numbers[:1]", mini_batch_error_threshold=-1, error_threshold=1)
    assert ended.status is Status.FAILED
    assert "2 failed, of 3 mini batches in all; error_threshold is 1" in ended.error


@pytest.mark.flow
def test_a_mini_batch_that_takes_too_long_or_kills_its_worker_goes_to_a_new_worker(done):
    ended, noted = done(ONCE_EACH, retry_settings={"max_retries": 1, "timeout": 3})
    assert ended.status is Status.COMPLETED, ended.error
    assert len(noted["init"]) == 3
    assert len(noted["shutdown"]) == 1


@pytest.mark.flow
def test_a_script_that_can_not_be_prepared_fails_the_run_with_its_message(done):
    ended, _ = done(task={"entry_script": "gone.py"})
    assert ended.status is Status.FAILED
    assert "gone.py" in ended.error


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"partition_keys": '["store"]'}, "partition_keys of the parallel step 'each'"),
        ({"task": {"append_row_to": "${{outputs.out}}/rows"}}, "task.append_row_to of the parallel step 'each'"),
        ({"task": {"program_arguments": "--out x --allowed_failed_percent 5"}}, "--allowed_failed_percent of the parallel"),
        ({"task": {"type": "model"}}, "a parallel step without an entry script"),
        ({"node": {"resources": {"instance_count": 2, "shm_size": "2g"}}}, "resources.shm_size of the parallel step"),
        ({"node": {"identity": {"type": "managed"}}}, "identity of the pipeline's step 'each'"),
        ({"inputs": {"files": {"type": "mltable"}}}, "mini batches of other than files"),
        ({"mini_batch_size": "10kb"}, "mini batches of other than files"),
        ({"input_data": "${{inputs.gone}}"}, "is none of its inputs"),
    ],
)
def test_what_is_not_emulated_of_a_parallel_step_is_refused_by_name(stage, pipeline, more, says):
    assert says in stage.refused(pipeline(**more)).message


def test_settings_of_the_node_stand_over_those_of_the_component(stage, pipeline):
    node = {"mini_batch_size": 3, "resources": {"instance_count": 4}, "max_concurrency_per_instance": 2}
    stage.submit("job", pipeline(node=node))
    from local.services.machine_learning.jobs.models import Jobs

    job = Jobs(stage.cloud.store).get("job")
    assert job
    command = job.step("each").spec["command"]
    settings = json.loads(command[command.index("{") : command.index("}") + 1])
    assert (settings["mini_batch_size"], settings["workers"], settings["max_retries"]) == (3, 8, 1)
