"""kill -9 of the service: a run goes on, is done once, and is answered for by its token."""

from __future__ import annotations

import json
import os
import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.flow
SAME = "one-and-the-same"


@pytest.fixture
def effects(tmp_path):
    def read():
        file = tmp_path / "effects.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return read


def create(client, settings):
    return client.jobs.create(**{name: getattr(settings, name) for name in settings.as_dict()}).job_id


def began(effects):
    ends = time.monotonic() + 30
    while not (found := [line for line in effects() if line["did"] == "began"]):
        assert time.monotonic() < ends
        time.sleep(0.02)
    return found[0]["pid"]


def test_a_running_task_is_watched_on_and_the_next_one_follows(own_site, connect, make_task, make_settings, effects):
    client = connect(own_site)
    job = create(client, make_settings(make_task("sleep", named={"seconds": "3"}), make_task("ok", ("sleep",))))
    run_id = client.jobs.run_now(job, idempotency_token=SAME).run_id
    pid = began(effects)
    own_site.kill("databricks")
    assert psutil.pid_exists(pid)
    own_site.start("databricks")
    assert client.jobs.run_now(job, idempotency_token=SAME).run_id == run_id
    run = own_site.wait(client, run_id)
    assert run.state.result_state.value == "SUCCESS"
    assert [line["did"] for line in effects()] == ["began", "ended", "ok"]


def test_a_task_that_ended_or_died_meanwhile_is_found_so(own_site, connect, make_task, make_settings, effects):
    client = connect(own_site)
    task = make_task("sleep", named={"seconds": "1"}, max_retries=1)
    run_id = client.jobs.run_now(create(client, make_settings(task))).run_id
    pid = began(effects)
    own_site.kill("databricks")
    os.kill(pid, signal.SIGKILL)
    own_site.start("databricks")
    run = own_site.wait(client, run_id)
    assert (run.state.result_state.value, run.tasks[0].attempt_number) == ("SUCCESS", 1)
    assert [line["did"] for line in effects()] == ["began", "began", "ended"]


def test_a_task_that_succeeded_while_the_service_was_dead_is_not_run_again(own_site, connect, make_task, make_settings, effects):
    client = connect(own_site)
    run_id = client.jobs.run_now(create(client, make_settings(make_task("sleep", named={"seconds": "1"})))).run_id
    pid = began(effects)
    own_site.kill("databricks")
    ends = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ends
        time.sleep(0.05)
    own_site.start("databricks")
    assert own_site.wait(client, run_id).state.result_state.value == "SUCCESS"
    assert [line["did"] for line in effects()] == ["began", "ended"]


def test_without_the_workspace_its_host_answers_404_and_forgets(own_site, connect, make_task, make_settings, effects):
    from databricks.sdk.errors import NotFound

    client = connect(own_site)
    client.jobs.run_now(create(client, make_settings(make_task("sleep", named={"seconds": "60"}))))
    pid = began(effects)
    arm_id = own_site.cloud.resources.of_type("Microsoft.Databricks/workspaces")[0].id
    own_site.cloud.resources.delete(arm_id)
    with pytest.raises(NotFound):
        list(client.jobs.list())
    ends = time.monotonic() + 20
    while own_site.cloud.store.row("select 1 from databricks_jobs"):
        assert time.monotonic() < ends
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)
    own_site.add("Microsoft.Databricks/workspaces", "dbw-test")
    assert list(client.jobs.list()) == []
