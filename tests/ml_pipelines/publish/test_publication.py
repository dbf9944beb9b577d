"""Publishing against the Azure ML service: once, again, changed, and cut off; writes are counted in its access log."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from contracts.outputs import PlatformOutputs
from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.tokens import SUBSCRIPTION
from ml_pipelines.publishing.component_files import COMPONENTS
from ml_pipelines.publishing.publication import KEPT
from tests.access import accessed

ROOT = Path(__file__).parents[3]
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/mlw-test"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-training"
CLUSTER = {
    "computeType": "AmlCompute",
    "properties": {"vmSize": "Standard_D4s_v5", "vmPriority": "Dedicated", "scaleSettings": {"maxNodeCount": 2}},
}
PUBLISH = """
import dataclasses, json, os, signal, sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from contracts.outputs import PlatformOutputs
from ml_pipelines.publishing import definition, publication
from tests.access import accessed
outputs = PlatformOutputs.of(json.loads(Path(sys.argv[1]).read_text()))
if "cut" in sys.argv[3:]:
    publication._switch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
made = definition.define(Path(sys.argv[2]))
many = [dataclasses.replace(made, version=f"{number:012d}") for number in range(4)] if "many" in sys.argv[3:] else [made]
done = [publication.publish(outputs, one) for one in many]
print(json.dumps([[one.before, one.deployment, one.changes] for one in done]))
"""


@pytest.fixture
def cloud(tmp_path_factory):
    """The identity and Azure ML services, each in a process of its own, and a workspace with its cluster."""
    state = tmp_path_factory.mktemp("publish") / "state"
    ensure_certificates(state)
    opened = Cloud.open(state)
    tracking = f"azureml://127.0.0.1:{opened.endpoints.arm}/mlflow/v1.0{WORKSPACE}"
    for arm_id, kind in ((WORKSPACE, "workspaces"), (f"{WORKSPACE}/computes/cpu", "workspaces/computes")):
        opened.resources.put(
            Resource(
                id=arm_id,
                type=f"Microsoft.MachineLearningServices/{kind}",
                name=arm_id.rpartition("/")[2],
                properties={
                    "location": "westeurope",
                    "mlFlowTrackingUri": tracking,
                    "identity": {"userAssignedIdentities": {IDENTITY: {}}},
                    **({"properties": CLUSTER} if kind == "workspaces/computes" else {}),
                },
            )
        )
    opened.resources.put(
        Resource(
            id=IDENTITY,
            type="Microsoft.ManagedIdentity/userAssignedIdentities",
            name="id-training",
            properties={"clientId": "client-of-training", "principalId": "principal-of-training"},
        )
    )
    services = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-m", "local.services", name, str(state)])
        for name in ("identity", "arm")
    ]
    context = ssl.create_default_context(cafile=str(state / "tls" / "ca.pem"))
    try:
        for name in ("identity", "arm"):
            wait_for(f"{opened.endpoints.url(name)}/health", context)
        yield opened
    finally:
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
    named = {field.name: field.name for field in fields(PlatformOutputs)} | {"identities": {}}
    named |= {"subscription_id": SUBSCRIPTION, "resource_group": "rg-test", "ml_workspace": "mlw-test"}
    file = cloud.state / "outputs.json"
    file.write_text(PlatformOutputs.of(named).json())
    return file


def process(cloud, *command):
    environment = {**os.environ, **client_environment(cloud, "deployer")}
    return subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def published(cloud, *command):
    done = process(cloud, *command)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def writes(cloud):
    return [line for line in accessed(cloud, "arm") if line["method"] not in {"GET", "HEAD"}]


@pytest.mark.flow
def test_publishing_again_writes_nothing_and_a_change_switches_the_default_last_and_few_stay(cloud, outputs, tmp_path):
    command = ("-m", "ml_pipelines", "publish", outputs)
    first = published(cloud, *command)
    assert first["before"] == ""
    assert [change for change in first["changes"] if change.startswith("+ component forecast_training")]
    assert first["changes"][-1] == f"default deployment: none -> {first['deployment']}"
    assert any("azure-ai-ml" in line["user_agent"] or "azsdk-python-ai-ml" in line["user_agent"] for line in writes(cloud))

    before = len(writes(cloud))
    second = published(cloud, *command)
    assert (second["deployment"], second["changes"]) == (first["deployment"], [])
    assert len(writes(cloud)) == before

    changed = shutil.copytree(COMPONENTS, tmp_path / "components")
    body = yaml.safe_load((changed / "prepare.yml").read_text())
    body["inputs"]["horizon"]["min"] = 2
    (changed / "prepare.yml").write_text(yaml.safe_dump(body, sort_keys=False))
    assert process(cloud, "-c", PUBLISH, outputs, changed, "cut").returncode == -signal.SIGKILL
    [[before, deployment, changes]] = published(cloud, "-c", PUBLISH, outputs, changed)
    assert before == first["deployment"] != deployment
    assert changes == ["prepare.inputs.horizon.min: '1' -> '2'", f"default deployment: {before} -> {deployment}"]

    four = published(cloud, "-c", PUBLISH, outputs, changed, "many")
    deleted = [change.removeprefix("- deployment ") for *_, changes in four for change in changes if change.startswith("- ")]
    assert deleted[0] == first["deployment"]
    assert len(deleted) == len(set(deleted)) == 2 + 4 - KEPT
    assert four[-1][1] not in deleted


@pytest.mark.flow
@pytest.mark.slow
def test_another_recipe_is_another_default_and_a_rollback_brings_the_one_before_back(cloud, outputs):
    good = published(cloud, "-m", "ml_pipelines", "publish", outputs)["deployment"]
    recipe = '{"rungs": ["seasonal_naive"]}'
    worse = published(cloud, "-m", "ml_pipelines", "publish", outputs, "--recipe", recipe)
    assert (worse["before"], worse["deployment"] == good) == (good, False)
    assert f"graph.inputs.recipe.default: None -> {recipe!r}" in worse["changes"]
    assert not [change for change in worse["changes"] if change.startswith("+ component") and "training" not in change]
    back = published(cloud, "-m", "ml_pipelines", "rollback", outputs, good)
    assert back["changes"] == [f"default deployment: {worse['deployment']} -> {good}"]
    refused = process(cloud, "-m", "ml_pipelines", "rollback", outputs, "v000000000000")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert good in refused.stderr


@pytest.mark.flow
@pytest.mark.slow
def test_the_graph_on_several_nodes_is_published_once_and_not_without_parts(cloud, outputs):
    refused = process(cloud, "-m", "ml_pipelines", "publish", outputs, "--nodes", "2")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "given:   nodes 2, part_series 0" in refused.stderr
    refused = process(cloud, "-m", "ml_pipelines", "publish", outputs, "--nodes", "3", "--recipe", '{"part_series": 9}')
    assert (refused.returncode, refused.stdout, writes(cloud)) == (2, "", [])
    assert "allowed: at most 2, as the cluster cpu grows to" in refused.stderr
    command = ("-m", "ml_pipelines", "publish", outputs, "--nodes", "2", "--recipe", '{"part_series": 9}')
    first, before = published(cloud, *command), len(writes(cloud))
    assert first["changes"][-1].endswith(first["deployment"])
    assert published(cloud, *command)["changes"] == []
    assert len(writes(cloud)) == before


@pytest.mark.flow
def test_publishing_to_a_workspace_that_is_not_there_says_so(cloud, outputs, tmp_path):
    elsewhere = tmp_path / "outputs.json"
    elsewhere.write_text(json.dumps(json.loads(outputs.read_text()) | {"ml_workspace": "mlw-none"}))
    done = process(cloud, "-m", "ml_pipelines", "publish", elsewhere)
    assert (done.returncode, done.stdout) == (2, "")
    assert "mlw-none" in done.stderr
    assert "allowed: an existing workspace" in done.stderr


def test_a_file_without_outputs_is_refused(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "ml_pipelines", "publish", str(tmp_path / "none.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "pulumi stack output" in done.stderr


@pytest.mark.flow
@pytest.mark.slow
def test_an_experiment_is_a_run_of_the_published_pipeline_that_is_listed_beside_others(cloud, outputs, tmp_path):
    published(cloud, "-m", "ml_pipelines", "publish", outputs)
    told = json.loads(outputs.read_text())
    places = {name: f"abfss://{name}@lake.dfs.core.windows.net" for name in ("silver_url", "forecasts_url")}
    placed = tmp_path / "outputs.json"
    placed.write_text(json.dumps(told | {name: place.replace("_url", "") for name, place in places.items()}))
    command = ("-m", "ml_pipelines", "experiment", placed)
    first = published(cloud, *command, "--data", "silver/features@3", "--set", "rounds=200", "--set", "metric=mape")
    second = published(cloud, *command, "--data", "silver/features@3", "--set", "leaves=15")
    assert json.loads(first["recipe"]) == {"metric": "mape", "rounds": 200}
    rows = {row["run"]: row for row in published(cloud, *command)["experiments"]}
    assert rows.keys() == {first["run"], second["run"]}
    assert json.loads(rows[second["run"]]["recipe"]) == {"leaves": 15}
    assert rows[first["run"]]["data_version"] == "silver/features@3"
    put = [line for line in writes(cloud) if line["path"].endswith(f"/jobs/{first['run']}")]
    assert [line["method"] for line in put] == ["PUT"]
    refused = process(cloud, *command, "--data", "silver/features@3", "--set", "rounds=none")
    assert refused.returncode == 2
    assert "rounds='none'" in refused.stderr
    assert len(published(cloud, *command)["experiments"]) == 2
