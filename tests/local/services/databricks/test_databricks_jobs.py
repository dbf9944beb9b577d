"""Jobs and files through databricks-sdk: what was sent comes back, and what Databricks refuses is refused in its words."""

from __future__ import annotations

import io
import json
import ssl
import urllib.error
import urllib.request
import uuid

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import (
    AlreadyExists,
    InvalidParameterValue,
    NotFound,
    NotImplemented as NotEmulated,
    ResourceDoesNotExist,
    Unauthenticated,
)
from databricks.sdk.service import jobs

from tests.access import accessed

pytestmark = pytest.mark.flow


def create(client, settings):
    return client.jobs.create(**{name: getattr(settings, name) for name in settings.as_dict()}).job_id


def test_settings_come_back_as_they_were_sent(workspace, make_task, make_settings):
    parameters = [jobs.JobParameterDefinition(name="version", default="0")]
    queue = jobs.QueueSettings(enabled=True)
    tasks = [make_task("ok", max_retries=2, timeout_seconds=600), make_task("fail", ("ok",))]
    settings = make_settings(*tasks, parameters=parameters, queue=queue, tags={"made": "here"}, max_concurrent_runs=1)
    job = create(workspace, settings)
    assert workspace.jobs.get(job).settings.as_dict() == settings.as_dict()
    assert workspace.jobs.get(job).creator_user_name == "deployer"


def test_a_reset_replaces_all_and_an_update_merges_by_key(workspace, make_task, make_settings):
    job = create(workspace, make_settings(make_task("ok"), tags={"a": "b"}))
    workspace.jobs.reset(job, make_settings(make_task("ok"), make_task("fail")))
    assert workspace.jobs.get(job).settings.tags is None
    workspace.jobs.update(job, new_settings=jobs.JobSettings(tasks=[make_task("ok", max_retries=7)], timeout_seconds=9))
    settings = workspace.jobs.get(job).settings
    assert {task.task_key: task.max_retries for task in settings.tasks} == {"ok": 7, "fail": None}
    workspace.jobs.update(job, fields_to_remove=["tasks/fail", "timeout_seconds"])
    settings = workspace.jobs.get(job).settings
    assert ([task.task_key for task in settings.tasks], settings.timeout_seconds) == (["ok"], None)


def test_lists_jobs_of_a_name_page_by_page(workspace, make_task, make_settings):
    name = f"job {uuid.uuid4()}"
    made = [create(workspace, make_settings(make_task("ok"), name=name)) for _ in range(3)]
    create(workspace, make_settings(make_task("ok"), name=f"{name} and more"))
    listed = [job.job_id for job in workspace.jobs.list(name=name.upper(), limit=2)]
    assert listed == made[::-1]


def test_a_deleted_job_is_gone(workspace, make_task, make_settings):
    job = create(workspace, make_settings(make_task("ok")))
    workspace.jobs.delete(job)
    with pytest.raises(ResourceDoesNotExist, match=rf"Job {job} does not exist\."):
        workspace.jobs.get(job)
    with pytest.raises(InvalidParameterValue, match=rf"Job {job} does not exist\."):
        workspace.jobs.run_now(job)


def test_run_now_refuses_what_the_job_does_not_have(workspace, make_task, make_settings):
    job = create(workspace, make_settings(make_task("ok")))
    with pytest.raises(InvalidParameterValue, match="does not have the parameters: x"):
        workspace.jobs.run_now(job, job_parameters={"x": "1"})
    with pytest.raises(InvalidParameterValue, match="at most 64 characters"):
        workspace.jobs.run_now(job, idempotency_token="x" * 65)
    with pytest.raises(NotEmulated, match="python_params"):
        workspace.jobs.run_now(job, python_params=["a"])
    assert list(workspace.jobs.list_runs(job_id=job)) == []


def test_refuses_tasks_that_can_not_run(workspace, make_task, make_settings):
    wheel = jobs.PythonWheelTask(package_name="p", entry_point="e", parameters=["{{job.naem}}"])
    refused = [
        (make_settings(jobs.Task(task_key="n", notebook_task=jobs.NotebookTask(notebook_path="/x"))), NotEmulated),
        (make_settings(make_task("ok", ("nobody",))), InvalidParameterValue),
        (make_settings(make_task("ok", ("fail",)), make_task("fail", ("ok",))), InvalidParameterValue),
        (make_settings(make_task("ok"), make_task("ok")), InvalidParameterValue),
        (make_settings(make_task("ok", existing_cluster_id="c")), NotEmulated),
        (make_settings(jobs.Task(task_key="w", job_cluster_key="main", python_wheel_task=wheel)), InvalidParameterValue),
        (make_settings(jobs.Task(task_key="w", python_wheel_task=wheel)), InvalidParameterValue),
        (make_settings(make_task("ok"), continuous=jobs.Continuous()), NotEmulated),
    ]
    for settings, error in refused:
        with pytest.raises(error):
            create(workspace, settings)


def test_refuses_a_runtime_with_another_python(workspace, make_task, make_settings):
    settings = make_settings(make_task("ok"))
    settings.job_clusters[0].new_cluster.spark_version = "15.4.x-scala2.12"
    with pytest.raises(NotEmulated, match=r"15\.4"):
        create(workspace, settings)


def test_files_of_a_volume_are_written_once_read_listed_and_removed(workspace):
    folder = f"/Volumes/main/mlops/files/{uuid.uuid4()}"
    body = bytes(range(256)) * 9
    workspace.files.upload(f"{folder}/a b/é.bin", io.BytesIO(body), overwrite=False)
    with pytest.raises(AlreadyExists):
        workspace.files.upload(f"{folder}/a b/é.bin", io.BytesIO(b"other"), overwrite=False)
    assert workspace.files.download(f"{folder}/a b/é.bin").contents.read() == body
    assert workspace.files.get_metadata(f"{folder}/a b/é.bin").content_length == len(body)
    assert [(entry.name, entry.is_directory) for entry in workspace.files.list_directory_contents(folder)] == [("a b", True)]
    workspace.files.delete(f"{folder}/a b/é.bin")
    with pytest.raises(NotFound):
        workspace.files.get_metadata(f"{folder}/a b/é.bin")
    workspace.files.delete_directory(f"{folder}/a b")
    with pytest.raises(NotFound):
        workspace.files.get_directory_metadata(f"{folder}/a b")


def test_refuses_paths_outside_of_a_volume(workspace, shared_site):
    for path in ("/Volumes/main/mlops/x.whl", "/Volumes/main/mlops/../../x/y", "/Workspace/a/b/c/d", "/Volumes/a/b/c/../../d"):
        status, body = ask(shared_site, workspace, "PUT", f"/api/2.0/fs/files{path}")
        assert (status, body["error_code"]) in {(400, "INVALID_PARAMETER_VALUE"), (404, "ENDPOINT_NOT_FOUND")}, path
    assert not (shared_site.cloud.state / "volumes" / "x").exists()


def test_refuses_other_endpoints_by_name_and_calls_without_token(workspace, shared_site):
    assert ask(shared_site, workspace, "GET", "/api/2.0/clusters/list")[1] == {
        "error_code": "ENDPOINT_NOT_FOUND",
        "message": "No API found for 'GET /api/2.0/clusters/list'.",
    }
    assert ask(shared_site, None, "GET", "/.well-known/databricks-config")[0] == 404
    assert ask(shared_site, None, "GET", "/api/2.2/jobs/list")[0] == 401
    assert ask(shared_site, workspace, "POST", "/api/2.2/jobs/create", b"[1]")[1]["error_code"] == "MALFORMED_REQUEST"


@pytest.mark.usefixtures("workspace")
def test_a_wrong_token_is_unauthenticated(shared_site):
    other = WorkspaceClient(host=shared_site.cloud.endpoints.url("databricks"), token="wrong", auth_type="pat")  # noqa: S106 - refused
    with pytest.raises(Unauthenticated):
        list(other.jobs.list())


def test_the_access_log_names_the_sdk_and_the_principal(workspace, shared_site):
    name = str(uuid.uuid4())
    list(workspace.jobs.list(name=name))
    (line,) = [line for line in accessed(shared_site.cloud) if line["query"] == f"name={name}"]
    assert "databricks-sdk-py/" in line["user_agent"]
    assert (line["principal"], line["status"]) == ("deployer", 200)


def ask(site, client, method, path, body=None):
    """A request as it is, without what a client would do to its path."""
    headers = client.config.authenticate() if client else {}
    context = ssl.create_default_context(cafile=str(site.cloud.state / "tls" / "ca.pem"))
    url = site.cloud.endpoints.url("databricks") + path
    request = urllib.request.Request(url, data=body, method=method, headers=headers)  # noqa: S310 - a loopback https address
    try:
        with urllib.request.urlopen(request, context=context) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or b"{}")
