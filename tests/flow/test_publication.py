"""Publishing is idempotent at the wire, and what runs is what was published."""

import json

import pytest

from local.flow.publishing import publish_jobs
from local.progress import Step
from tests.access import accessed
from tests.flow.conftest import until

pytestmark = pytest.mark.flow

LAST = "GET /api/2.2/jobs/get"
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


def requests(stack) -> list[str]:
    """Requests to Databricks that the deployer made, as the service's own access log holds them."""
    mine = [line for line in accessed(stack.cloud, "databricks") if line["principal"] == "deployer"]
    return [f"{line['method']} {line['path']}" for line in mine]


def writes(stack) -> list[str]:
    return [line for line in requests(stack) if line.split()[0] in WRITES]


def test_publishing_the_same_again_makes_no_write_request(stack):
    before = writes(stack)
    assert any("/fs/files/" in line for line in before), "the first publication is not in the log, so the test proves nothing"
    asked = requests(stack)
    again = publish_jobs(stack.cloud, stack.outputs, Step("publish"))
    until("the last request is in the log", lambda: requests(stack)[len(asked) :].count(LAST) == 1)
    assert writes(stack) == before
    assert again.changes == ()


def test_the_published_job_reports_failures_on_the_bus_and_names_its_identity(stack):
    row = stack.cloud.store.row("select settings from databricks_jobs where name = 'prepare-dataset'")
    settings = json.loads(row["settings"])
    runs_if = {task["task_key"]: task.get("run_if") for task in settings["tasks"]}
    assert runs_if["report-failure"] == "AT_LEAST_ONE_FAILED"
    variables = settings["job_clusters"][0]["new_cluster"]["spark_env_vars"]
    assert variables["AZURE_CLIENT_ID"] == stack.outputs.identities["data"]["client_id"]
    assert "IDENTITY_HEADER" not in variables, "how to log in is the host's business"
