"""The job's definition names what the wheel has, and a difference to what is published is told line by line."""

import tomllib
from pathlib import Path

import pytest
from databricks.sdk.service.jobs import JobSettings
from hypothesis import given, strategies as st

from data_ops.jobs import DISTRIBUTION, Cluster, prepare_dataset
from data_ops.settings_diff import differences

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())


@pytest.fixture
def settings():
    environment = {"BRONZE_URL": "abfss://bronze@lake", "AZURE_CLIENT_ID": "c"}
    return prepare_dataset(wheel="/V/x.whl", requirements="/V/requirements.txt", environment=environment, cluster=Cluster())


def test_every_entry_point_is_in_the_wheels_metadata(settings):
    declared = PROJECT["project"]["entry-points"]["databricks"]
    for task in settings.tasks:
        assert task.python_wheel_task.package_name == DISTRIBUTION == PROJECT["project"]["name"].replace("-", "_")
        module, _, function = declared[task.python_wheel_task.entry_point].partition(":")
        assert callable(getattr(__import__(module, fromlist=[function]), function))


def test_tasks_run_in_order_and_the_last_one_only_after_a_failure(settings):
    order = {task.task_key: [needed.task_key for needed in task.depends_on or []] for task in settings.tasks}
    assert order == {"prepare": [], "register": ["prepare"], "report-failure": ["prepare", "register"]}
    assert settings.tasks[-1].run_if.value == "AT_LEAST_ONE_FAILED"
    assert [task.max_retries for task in settings.tasks] == [2, 2, None]
    assert (settings.max_concurrent_runs, settings.queue.enabled) == (1, True)


def test_tasks_are_given_every_job_parameter_and_the_run(settings):
    parameters = {parameter.name for parameter in settings.parameters}
    for task in settings.tasks:
        named = task.python_wheel_task.named_parameters
        assert {name: f"{{{{job.parameters.{name}}}}}" for name in parameters} | {"run-id": "{{job.run_id}}"} == named


def test_the_cluster_carries_the_environment_of_the_data_role(settings):
    [cluster] = settings.job_clusters
    assert cluster.new_cluster.spark_env_vars == {"BRONZE_URL": "abfss://bronze@lake", "AZURE_CLIENT_ID": "c"}
    assert {task.job_cluster_key for task in settings.tasks} == {cluster.job_cluster_key}


def test_what_the_service_fills_in_is_no_difference(settings):
    defined = settings.as_dict()
    published = JobSettings.from_dict(defined).as_dict()
    published |= {"format": "MULTI_TASK", "email_notifications": {}, "webhook_notifications": {}}
    published["tasks"] = [{"run_if": "ALL_SUCCESS", "email_notifications": {}, **task} for task in published["tasks"][::-1]]
    published["job_clusters"][0]["new_cluster"]["enable_elastic_disk"] = True
    assert differences(published, defined) == []


def test_a_change_by_hand_is_told_with_its_path(settings):
    published = settings.as_dict()
    published["tasks"][0]["max_retries"] = 9
    published["schedule"] = {"quartz_cron_expression": "0 0 * * * ?", "timezone_id": "UTC"}
    assert differences(published, settings.as_dict()) == [
        "schedule.quartz_cron_expression: '0 0 * * * ?' -> None",
        "schedule.timezone_id: 'UTC' -> None",
        "tasks[prepare].max_retries: 9 -> 2",
    ]


TREES = st.recursive(
    st.text(min_size=1, max_size=3) | st.integers(1, 9), lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1)
)


@given(st.dictionaries(st.sampled_from("abc"), TREES, min_size=1), st.dictionaries(st.sampled_from("abc"), TREES, min_size=1))
def test_there_is_no_difference_exactly_when_settings_are_equal(one, other):
    assert differences(one, one) == []
    assert bool(differences(one, other)) == (one != other)
