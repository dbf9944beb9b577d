"""A push to the registry through the handler to the agent: every part the local cloud's own, but for the release itself."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time

import httpx
import pytest
from confluent_kafka import Producer

from contracts.events import AzureEvent, Hub
from contracts.images import Built
from events.inbox import token
from events.status import read_status
from local.services.eventhubs.clients import own_login
from local.services.eventhubs.topics import create_topic
from local.services.machine_learning.mlflow.models import Registry, Version
from local.services.machine_learning.workspace import WORKSPACE
from local.services.registry.models import ARM_TYPE, OCI_MANIFEST
from tests.local.services.conftest import BUS, GROUP

pytestmark = pytest.mark.flow
PLACES = {
    WORKSPACE: f"{GROUP}/providers/{WORKSPACE}/mlw-test",
    ARM_TYPE: f"{GROUP}/providers/{ARM_TYPE}/crtest",
}
BUILT = Built(model="demand", model_version="1", data_version="silver/features@3", run="r-1", revision="0a1b")


def until(holds):
    ends = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def push(site):
    """Push an image with labels to the running registry; returns its digest and the event that the registry raised."""
    login, _ = site.cloud.tokens.issue(site.deployer, "registry")

    def to(labels):
        configuration = json.dumps({"config": {"Labels": labels}}).encode()
        digest = f"sha256:{hashlib.sha256(configuration).hexdigest()}"
        described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(configuration)}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described, "layers": []})
        with httpx.Client(base_url=site.cloud.endpoints.url("registry"), verify=site.tls) as client:
            client.headers["Authorization"] = f"Bearer {login}"
            place = client.post("/v2/scoring/blobs/uploads/").headers["location"]
            client.put(place, params={"digest": digest}, content=configuration).raise_for_status()
            kind = {"Content-Type": OCI_MANIFEST}
            answer = client.put("/v2/scoring/manifests/1-3", content=manifest, headers=kind).raise_for_status()
        [row] = site.cloud.store.rows("select body from events order by seq desc limit 1")
        assert json.loads(row["body"])["type"] == AzureEvent.IMAGE_PUSHED
        return answer.headers["docker-content-digest"], row["body"]

    return to


@pytest.fixture
def handler(site, tmp_path):
    """The handler's command in this site, as an identity of it; stopped at the end."""
    lake = "dfs.core.windows.net"
    variables = {
        "EVENTS_BOOTSTRAP": site.cloud.endpoints.bootstrap,
        "BRONZE_URL": f"abfss://bronze@lake.{lake}",
        "SILVER_URL": f"abfss://silver@lake.{lake}",
        "FORECASTS_URL": f"abfss://forecasts@mlstorage.{lake}",
        "DATABRICKS_HOST": site.cloud.endpoints.url("databricks"),
        "ML_WORKSPACE_ID": PLACES[WORKSPACE],
        "REGISTRY_ID": PLACES[ARM_TYPE],
        "REGISTRY_LOGIN_SERVER": site.cloud.endpoints.url("registry").removeprefix("https://"),
        "HANDLER_STATE": str(tmp_path / "handler"),
    }
    environment = {**site.environment("id-ingest"), **variables}

    def begin():
        site.processes["handler"] = subprocess.Popen([sys.executable, "-m", "events.service"], env=environment)
        return lambda: read_status(tmp_path / "handler")

    return begin


def test_a_push_told_twice_is_one_run_of_the_release_by_its_digest(site, served, tools, push, handler):
    for kind, place in PLACES.items():
        site.add(kind, place, loginServer=f"127.0.0.1:{site.cloud.endpoints.registry}", location="westeurope")
    for name in ("kafka", "identity", "arm", "registry"):
        site.start(name)
    for hub in Hub:
        create_topic(site.cloud.state, hub, 2)
    for role, kind in {"AzureML Data Scientist": WORKSPACE, "AcrPull": ARM_TYPE}.items():
        site.assign("principal-of-id-ingest", role, PLACES[kind])
    for role in ("Azure Event Hubs Data Sender", "Azure Event Hubs Data Receiver"):
        site.assign("principal-of-id-ingest", role, BUS)
    models = Registry(site.cloud.store)
    made = {"description": "", "created": 1.0, "updated": 1.0}
    version = Version(name="demand", version=0, source="runs:/r-1/model", run_id="r-1", **made)
    models.create(PLACES[WORKSPACE], "demand", "", {})
    models.register(PLACES[WORKSPACE], version, {"role": "challenger"})
    digest, event = push(BUILT.labels())
    producer = Producer(own_login(site.cloud.state))
    for _ in range(2):
        producer.produce(Hub.ARTIFACT_REGISTRY, event)
    assert producer.flush(10) == 0
    status = handler()
    until(lambda: (told := status()) is not None and told.counts.done == 1 and told.counts.duplicates == 1)
    [run] = served.call("GET", "build/builds?api-version=7.1")["value"]
    known = token("image-pushed", digest, 1)
    assert run["templateParameters"] == {"digest": digest, "causation": json.loads(event)["id"], "token": known}
    assert run["requestedFor"] == {"displayName": "id-ingest"}
    assert served.wait(run["id"])["result"] == "succeeded"
    assert [effect["digest"] for effect in tools.effects() if effect["did"] == "ended"] == [digest]
    assert status().counts.releases == [{"effect_key": digest, "attempt": 1, "run_id": str(run["id"])}]
