"""A release is the same bytes each time, and publishing it twice writes once."""

import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import fields
from io import BytesIO

import pytest

from contracts.outputs import PlatformOutputs
from data_ops import release
from data_ops.publish import JobNameTakenError, publish
from data_ops.release import ReleaseBuildError, build_release
from data_ops.uv import UvNotFoundError
from data_ops.workspace import workspace
from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.tokens import SUBSCRIPTION
from tests.access import accessed

WORKSPACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.Databricks/workspaces/dbw-test"


def test_the_same_sources_make_the_same_release():
    one, other = build_release(), build_release()
    assert (one.digest, one.files()) == (other.digest, other.files())


def test_a_release_holds_the_product_its_entry_points_and_locked_versions():
    made = build_release()
    with zipfile.ZipFile(BytesIO(made.wheel)) as wheel:
        names = wheel.namelist()
        declared = wheel.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    assert {"data_ops/prepare.py", "contracts/events.py", "events/publisher.py"} <= set(names)
    assert not [name for name in names if name.split("/")[0] in {"local", "infra", "tests", "bench"}]
    assert "report-failure = data_ops.report_failure:main" in declared
    lines = [line.partition(" ;")[0].strip() for line in made.requirements.decode().splitlines()]
    assert all("==" in line for line in lines)
    assert {"deltalake", "duckdb", "ibis-framework", "confluent-kafka"} <= {
        line.partition("==")[0].partition("[")[0] for line in lines
    }


def test_a_release_outside_a_work_tree_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(release, "ROOT", tmp_path)
    with pytest.raises(ReleaseBuildError, match="clone"):
        build_release()


def test_requirements_without_uv_say_how_to_get_it(monkeypatch):
    monkeypatch.setenv("UV", "/nowhere/uv")
    with pytest.raises(UvNotFoundError, match="make setup"):
        release.requirements("data")


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    """The identity and Databricks services, each in a process of its own."""
    state = tmp_path / "state"
    ensure_certificates(state)
    opened = Cloud.open(state)
    opened.resources.put(Resource(id=WORKSPACE, type="Microsoft.Databricks/workspaces", name="dbw-test", properties={}))
    services = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-m", "local.services", name, str(state)])
        for name in ("identity", "databricks")
    ]
    context = ssl.create_default_context(cafile=str(state / "tls" / "ca.pem"))
    for name in ("identity", "databricks"):
        wait_for(f"{opened.endpoints.url(name)}/health", context)
    for name, value in client_environment(opened, "deployer").items():
        monkeypatch.setenv(name, value)
    yield opened
    for service in services:
        service.kill()
        service.wait()


def wait_for(url, context):
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            with urllib.request.urlopen(url, context=context, timeout=2):  # noqa: S310 - a loopback https address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"{url} did not answer")


@pytest.fixture
def outputs(cloud):
    identity = {"name": "id-data", "client_id": "client-of-data", "principal_id": "p", "id": "/i"}
    named = {field.name: field.name for field in fields(PlatformOutputs)}
    return PlatformOutputs.of(named | {"databricks_host": cloud.endpoints.url("databricks"), "identities": {"data": identity}})


def writes(cloud):
    return [line for line in accessed(cloud, "databricks") if line["method"] not in {"GET", "HEAD"}]


@pytest.mark.flow
def test_publishing_twice_writes_once_and_puts_right_what_was_changed_by_hand(cloud, outputs):
    first = publish(outputs)
    assert len(first.uploaded) == 2
    assert first.changes == ("job prepare-dataset: created",)
    written = len(writes(cloud))
    second = publish(outputs)
    assert (second.release, second.job_id, second.uploaded, second.changes) == (first.release, first.job_id, (), ())
    assert len(writes(cloud)) == written > 0
    assert {"mlops-forecasting"} == {line["user_agent"].split("/")[0] for line in writes(cloud)}
    client = workspace(outputs.databricks_host)
    settings = client.jobs.get(first.job_id).settings
    assert settings is not None
    settings.max_concurrent_runs = 4
    client.jobs.reset(first.job_id, settings)
    assert publish(outputs).changes == ("max_concurrent_runs: 4 -> 1",)
    assert publish(outputs).changes == ()


@pytest.mark.flow
@pytest.mark.usefixtures("cloud")
def test_two_jobs_of_one_name_fail_loudly(outputs):
    first = publish(outputs)
    client = workspace(outputs.databricks_host)
    same = client.jobs.get(first.job_id).settings
    assert same is not None
    client.jobs.create(name=same.name, tasks=same.tasks, job_clusters=same.job_clusters, parameters=same.parameters)
    with pytest.raises(JobNameTakenError, match=f"{first.job_id}"):
        publish(outputs)
