"""A site that runs pods, with one image in its registry."""

import json
import signal
import time
from dataclasses import dataclass

import httpx
import pytest

from local.provider.awaits import wait_until_ready
from local.resources import Resource
from local.services.containers.addresses import service_address
from local.services.containers.models import DEPLOYMENT, GROUP, SERVICE, Pods
from local.services.identity.models import CLUSTER
from local.services.registry.models import ARM_TYPE, OCI_MANIFEST, Images
from local.services.registry.push import push
from local.services.registry.tasks.image import Image
from local.services.registry.tasks.layers import layer
from tests.local.services.conftest import IDENTITIES, Site, make_site

REGISTRY = f"{IDENTITIES.rpartition('/providers/')[0]}/providers/Microsoft.ContainerRegistry/registries/crtest"
PORT = 8080
DRAIN = 1
APP = """
import http.server, os, pathlib, ssl, sys
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
server = http.server.ThreadingHTTPServer((os.environ["HOST"], 8080), Answer)
if os.environ.get("TLS"):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(os.environ["TLS"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
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
    for name in ("identity", "registry", "keyvault", "containers"):
        site.start(name)
    config = {"config": {"Cmd": ["python", "-m", "app"], "WorkingDir": "/work"}, "rootfs": {}}
    image = Image(config=json.dumps(config).encode(), layers=(layer({"work/app.py": APP.encode()}),), base="test")
    digest = push(site.cloud, image, repository="app", tag="1", principal=site.deployer)
    assert json.loads(image.manifest)["mediaType"] == OCI_MANIFEST
    yield Cluster(site, f"{login}/app@{digest}")
    site.processes["containers"].send_signal(signal.SIGTERM)
    site.processes["containers"].wait(30)
    site.stop()
