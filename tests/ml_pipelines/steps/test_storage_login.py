"""The login to storage of an Azure ML cluster reaches the Delta and object-store clients."""

import json
import os
import subprocess
import sys

import pytest

from ml_pipelines.login import TOKEN, storage_login
from tests.local.services.conftest import make_site

STEP = """
import json, os, sys
import pyarrow as pa
from deltalake import write_deltalake
from data_ops.storage import rows, table
from ml_pipelines.login import storage_login
url = "abfss://silver@lake.dfs.core.windows.net/features"
storage_login(url)
write_deltalake(url, pa.table({"a": [1, 2]}))
print(json.dumps(rows(table(url, 0)).read_all().to_pydict()))
"""


@pytest.fixture
def cluster(tmp_path):
    """The environment of a step on a cluster with an identity of its own: none of App Service's variables."""
    site = make_site(tmp_path / "state")
    site.assign("principal-of-id-scoring", "Storage Blob Data Contributor", f"{site.lake}/blobServices/default/containers/silver")
    site.start("identity")
    site.start("blob")
    given = site.environment("id-scoring", "lake")
    endpoint = given.pop("IDENTITY_ENDPOINT")
    for name in ("IDENTITY_HEADER", "AZURE_MSI_ENDPOINT"):
        given.pop(name)
    yield {**given, "MSI_ENDPOINT": endpoint, "MSI_SECRET": "id-scoring", "DEFAULT_IDENTITY_CLIENT_ID": "client-of-id-scoring"}
    site.stop()


def step(environment, code=STEP):
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.flow
def test_a_step_on_a_cluster_opens_a_delta_table(cluster):
    done = step(cluster)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"a": [1, 2]}


@pytest.mark.flow
def test_without_the_login_the_delta_client_finds_no_identity(cluster):
    done = step(cluster, STEP.replace("storage_login(url)\n", ""))
    assert done.returncode == 1
    assert "169.254.169.254" in done.stderr or "token" in done.stderr.lower()


def test_plain_paths_need_no_login(monkeypatch, tmp_path):
    monkeypatch.delenv(TOKEN, raising=False)
    storage_login(str(tmp_path))
    assert TOKEN not in os.environ
