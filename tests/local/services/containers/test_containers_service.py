"""Pods are processes from pulled images: they get ready, are replaced without a gap, crash with a reason, and leave nothing."""

import json
import os
import signal
import threading
import time
from dataclasses import dataclass

import httpx
import psutil
import pytest

from local.provider.awaits import NotReadyError, wait_until_ready
from local.resources import Resource
from local.services.containers.addresses import group_address, service_address
from local.services.containers.models import DEPLOYMENT, GROUP, SERVICE, STATEFUL_SET, Pods
from local.services.identity.models import CLUSTER
from local.services.registry.models import ARM_TYPE, OCI_MANIFEST, Images
from local.services.registry.push import push
from local.services.registry.tasks.image import Image
from local.services.registry.tasks.layers import layer
from tests.local.services.conftest import IDENTITIES, Site, make_site

pytestmark = pytest.mark.flow
REGISTRY = f"{IDENTITIES.rpartition('/providers/')[0]}/providers/Microsoft.ContainerRegistry/registries/crtest"
PORT = 8080
DRAIN = 1
APP = """
import http.server, os, pathlib, sys
if os.environ.get("CRASH"):
    sys.exit("the reason of the crash")
disk = os.environ.get("DISK")
if disk:
    file = pathlib.Path(disk) / "starts"
    file.write_text(str(int(file.read_text()) + 1 if file.exists() else 1))
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path != "/ready" or not os.environ.get("NEVER")
        self.send_response(200 if good else 503)
        self.end_headers()
        self.wfile.write(os.environ.get("VERSION", "").encode())
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer((os.environ["HOST"], 8080), Answer).serve_forever()
"""


@dataclass
class Cluster:
    """A site whose registry and hosts of containers run, with one image in the registry."""

    site: Site
    image: str

    def put(self, kind: str, name: str, **properties) -> Resource:
        resource = Resource(id=f"/kubernetes/{kind}/shop/{name}", type=kind, name=name, properties=properties)
        self.site.cloud.resources.put(resource)
        return resource

    def template(self, name: str, **env: str) -> dict:
        probe = {"httpGet": {"path": "/ready", "port": PORT}, "periodSeconds": 1, "failureThreshold": 3}
        variables = [{"name": key, "value": value} for key, value in env.items()]
        pause = {"preStop": {"sleep": {"seconds": DRAIN}}}
        container = {"name": "app", "image": self.image, "env": variables, "readinessProbe": probe, "lifecycle": pause}
        spec = {"containers": [container], "serviceAccountName": "scoring", "terminationGracePeriodSeconds": 3}
        return {"metadata": {"labels": {"app": name}}, "spec": spec}

    def deploy(self, name: str, *, deadline: int = 30, replicas: int = 1, **env: str) -> Resource:
        spec = {"replicas": replicas, "progressDeadlineSeconds": deadline, "template": self.template(name, **env)}
        return self.put(DEPLOYMENT, name, metadata={"name": name, "namespace": "shop"}, spec=spec)

    def serve(self, name: str, selects: str) -> str:
        spec = {"type": "LoadBalancer", "selector": {"app": selects}, "ports": [{"port": PORT, "targetPort": PORT}]}
        self.put(SERVICE, name, metadata={"name": name, "namespace": "shop"}, spec=spec)
        return f"http://{service_address(self.site.cloud.endpoints, 'shop', name)}:{PORT}"

    def group(self, name: str) -> Resource:
        arm_id = f"{REGISTRY.rpartition('/providers/')[0]}/providers/{GROUP}/{name}"
        identity = {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITIES}/id-scoring": {}}}
        container = {"name": "app", "image": self.image, "environmentVariables": [{"name": "VERSION", "value": "qa"}]}
        self.site.add(GROUP, arm_id, containers=[container], identity=identity, restartPolicy="Always")
        return Resource(id=arm_id, type=GROUP, name=name, properties={})

    def ready(self, resource: Resource) -> None:
        wait_until_ready(self.site.cloud.resources, resource)

    def pods(self, resource: Resource):
        return Pods(self.site.cloud.store).of(resource.id)

    def remove(self, resource: Resource) -> None:
        self.site.cloud.resources.delete(resource.id)
        until(lambda: not self.pods(resource))


def until(holds, seconds=20.0):
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.05)


def answer(url: str) -> str:
    try:
        return httpx.get(url, timeout=5).text
    except httpx.TransportError:
        return "refused"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    site = make_site(tmp_path_factory.mktemp("containers") / "state")
    login = f"127.0.0.1:{site.cloud.endpoints.registry}"
    site.add(ARM_TYPE, REGISTRY, loginServer=login)
    kubelet = {"clientId": "client-of-kubelet", "objectId": "principal-of-kubelet"}
    site.add(
        CLUSTER, f"{IDENTITIES.partition('/providers/')[0]}/providers/{CLUSTER}/aks", identityProfile={"kubeletidentity": kubelet}
    )
    for puller in ("principal-of-kubelet", "principal-of-id-scoring"):
        site.assign(puller, "AcrPull", REGISTRY)
    account = {
        "name": "scoring",
        "namespace": "shop",
        "annotations": {"azure.workload.identity/client-id": "client-of-id-scoring"},
    }
    site.add("v1/ServiceAccount", "/kubernetes/v1/ServiceAccount/shop/scoring", metadata=account)
    Images(site.cloud)
    for name in ("identity", "registry", "containers"):
        site.start(name)
    config = {"config": {"Cmd": ["python", "-m", "app"], "WorkingDir": "/work"}, "rootfs": {}}
    image = Image(config=json.dumps(config).encode(), layers=(layer({"work/app.py": APP.encode()}),), base="test")
    digest = push(site.cloud, image, repository="app", tag="1", principal=site.deployer)
    assert json.loads(image.manifest)["mediaType"] == OCI_MANIFEST
    yield Cluster(site, f"{login}/app@{digest}")
    site.processes["containers"].send_signal(signal.SIGTERM)
    site.processes["containers"].wait(30)
    site.stop()


def test_a_deployment_gets_ready_and_its_service_answers(cluster):
    made, url = cluster.deploy("plain", VERSION="1"), cluster.serve("plain", "plain")
    cluster.ready(made)
    until(lambda: answer(url) == "1")
    cluster.remove(made)
    assert answer(url) == "refused"


def test_a_rolling_update_loses_no_request(cluster):
    made, url = cluster.deploy("rolling", VERSION="1"), cluster.serve("rolling", "rolling")
    cluster.ready(made)
    until(lambda: answer(url) == "1")
    seen, over = [], threading.Event()

    def ask():
        while not over.is_set():
            seen.append(answer(url))

    asking = threading.Thread(target=ask)
    asking.start()
    made = cluster.deploy("rolling", VERSION="2")
    cluster.ready(made)
    until(lambda: seen[-1] == "2")
    over.set()
    asking.join()
    assert set(seen) == {"1", "2"}
    cluster.remove(made)


def test_a_selector_that_moves_takes_the_traffic_along(cluster):
    one, two = cluster.deploy("one", VERSION="1"), cluster.deploy("two", VERSION="2")
    url = cluster.serve("moving", "one")
    for made in (one, two):
        cluster.ready(made)
    until(lambda: answer(url) == "1")
    cluster.serve("moving", "two")
    until(lambda: answer(url) == "2")
    for made in (one, two):
        cluster.remove(made)


def test_a_deployment_that_never_gets_ready_fails_at_its_deadline_and_leaves_the_old_pods_serving(cluster):
    url = cluster.serve("never", "never")
    cluster.ready(cluster.deploy("never", VERSION="1"))
    worse = cluster.deploy("never", VERSION="2", NEVER="yes", deadline=2)
    with pytest.raises(NotReadyError, match="exceeded its progress deadline of 2 s"):
        cluster.ready(worse)
    assert answer(url) == "1"
    cluster.remove(worse)


def test_a_crash_is_shown_with_its_last_words_and_tried_again(cluster):
    made = cluster.deploy("crash", CRASH="yes")
    until(lambda: [pod for pod in cluster.pods(made) if pod.restarts >= 2])
    (pod,) = cluster.pods(made)
    assert (pod.reason, pod.ready) == ("CrashLoopBackOff", False)
    assert "the reason of the crash" in pod.message
    cluster.remove(made)


def test_an_image_that_is_not_there_is_named(cluster):
    made = Cluster(cluster.site, cluster.image[:-4] + "0000").deploy("absent")
    until(lambda: any(pod.reason in {"ErrImagePull", "ImagePullBackOff"} for pod in cluster.pods(made)))
    (pod,) = cluster.pods(made)
    assert "not found" in pod.message
    cluster.remove(made)


@pytest.mark.parametrize("puller", ["principal-of-kubelet", "principal-of-id-scoring"])
def test_without_the_role_to_pull_a_pod_and_a_container_group_do_not_start(cluster, puller):
    site = cluster.site
    site.unassign("AcrPull")
    for name in {"principal-of-kubelet", "principal-of-id-scoring"} - {puller}:
        site.assign(name, "AcrPull", REGISTRY)
    barred = {"principal-of-kubelet": DEPLOYMENT, "principal-of-id-scoring": GROUP}[puller]
    for kind, made in {DEPLOYMENT: cluster.deploy("pulled"), GROUP: cluster.group("pulled")}.items():
        until(lambda made=made: cluster.pods(made) and (cluster.pods(made)[0].ready or cluster.pods(made)[0].message))
        assert ("unauthorized" in cluster.pods(made)[0].message) is (kind == barred)
        cluster.remove(made)
    site.assign(puller, "AcrPull", REGISTRY)


def test_a_stateful_pod_keeps_its_name_and_its_disk(cluster):
    def deploy(version: str) -> Resource:
        template = cluster.template("disk", VERSION=version, DISK="/data")
        template["spec"]["containers"][0]["volumeMounts"] = [{"name": "state", "mountPath": "/data"}]
        claims = [{"metadata": {"name": "state"}}]
        spec = {"replicas": 1, "template": template, "volumeClaimTemplates": claims}
        return cluster.put(STATEFUL_SET, "disk", metadata={"name": "disk", "namespace": "shop"}, spec=spec)

    disk = cluster.site.cloud.state / "containers" / "disks" / "shop" / "state-disk-0" / "starts"
    made = deploy("1")
    cluster.ready(made)
    first = cluster.pods(made)[0].pid
    made = deploy("2")
    cluster.ready(made)
    assert [pod.name for pod in cluster.pods(made)] == ["disk-0"]
    assert not psutil.pid_exists(first)
    assert disk.read_text() == "2"
    cluster.remove(made)


def test_a_container_group_answers_on_its_own_address(cluster):
    group = cluster.group("aci-test")
    url = f"http://{group_address(cluster.site.cloud.endpoints, group.id)}:{PORT}"
    until(lambda: answer(url) == "qa")
    cluster.site.cloud.resources.delete(group.id)
    until(lambda: answer(url) == "refused")


def test_a_host_killed_hard_leaves_no_second_pod_and_brings_its_pods_back(cluster):
    made, url = cluster.deploy("kept", VERSION="1"), cluster.serve("kept", "kept")
    cluster.ready(made)
    before = cluster.pods(made)[0].pid
    cluster.site.kill("containers")
    assert psutil.pid_exists(before)
    cluster.site.start("containers")
    until(lambda: not psutil.pid_exists(before))
    until(lambda: cluster.pods(made) and answer(url) == "1")
    assert cluster.pods(made)[0].pid != before
    cluster.remove(made)


def test_a_dead_process_is_started_again_at_once(cluster):
    made = cluster.deploy("killed", VERSION="1")
    cluster.ready(made)
    os.kill(cluster.pods(made)[0].pid, signal.SIGKILL)
    until(lambda: cluster.pods(made)[0].restarts == 1 and cluster.pods(made)[0].ready)
    cluster.remove(made)
