"""A bus of the test's own, and a tiny HTTPS Azure that counts effects by itself and lets every client of the bus in."""

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override
from urllib.parse import parse_qs, urlsplit

import pytest

from local.certificates import ensure_certificates
from tests.events.arm import WORKSPACE, Arm
from tests.events.release import MANIFEST, REGISTRY, DevOps, Registry
from tests.kafka import Broker, Bus

ACCOUNT = "dlsmlopsforecastingdev"
LAKE = f"/subscriptions/s/resourceGroups/rg-mlops/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
ROWS = b'{"commitInfo":{"operation":"WRITE"}}\n{"add":{"path":"part-0.parquet","dataChange":true}}\n'


class Azure:
    """Tokens at /msi, rights on the bus at /eventhubs, blobs at /ACCOUNT/bronze, jobs at /api, ARM, a registry at /v2, Azure DevOps: what the handler talks to, and a ledger of effects."""

    def __init__(self, certificates):
        self.arm = Arm()
        self.registry = Registry()
        self.devops = DevOps()
        self.commits = {}
        self.jobs = [{"job_id": 7, "settings": {"name": "prepare-dataset"}}]
        self.effects = {}
        self.parameters = {}
        self.calls = []
        self.agents = set()
        self.asked = []
        self.answers = deque()
        self.open = threading.Event()
        self.open.set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._requests())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "tls" / "server.pem")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.port = self._server.server_port
        self.url = f"https://127.0.0.1:{self.port}"
        self.arm.url = self.url
        self.environment = {
            "ARM_CLOUD_METADATA_URL": f"{self.url}/metadata/endpoints",
            "ML_WORKSPACE_ID": WORKSPACE,
            "REGISTRY_ID": REGISTRY,
            "REGISTRY_LOGIN_SERVER": self.url.removeprefix("https://"),
            "ADO_URL": f"{self.url}/contoso/shop",
            "SILVER_URL": f"abfss://silver@{ACCOUNT}.dfs.core.windows.net",
            "FORECASTS_URL": "abfss://forecasts@stmlwmlopsdev.dfs.core.windows.net",
            "SSL_CERT_FILE": str(certificates / "tls" / "ca.pem"),
            "REQUESTS_CA_BUNDLE": str(certificates / "tls" / "ca.pem"),
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": "handler",
            "AZURE_MSI_ENDPOINT": f"{self.url}/msi/token",
            "AZURE_ENDPOINT": f"{self.url}/{ACCOUNT}",
            "DATABRICKS_HOST": self.url,
            "BRONZE_URL": f"abfss://bronze@{ACCOUNT}.dfs.core.windows.net",
            "LAKE_ID": LAKE,
        }

    def close(self):
        self.open.set()
        self.arm.open.set()
        self.devops.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def commit(self, table, version, content=ROWS):
        self.commits[f"/{ACCOUNT}/bronze/{table}/_delta_log/{version:020d}.json"] = content

    def run_now(self, body):
        self.calls.append(body["idempotency_token"])
        if self.answers:
            return self.answers.popleft()
        with self._lock:
            run = self.effects.setdefault(body["idempotency_token"], len(self.effects) + 101)
            self.parameters[run] = body["job_parameters"]
        self.open.wait(30)
        return 200, {}, {"run_id": run, "number_in_job": run}

    def get(self, path, query):
        self.asked.append(path)
        if path == "/msi/token":
            return (
                200,
                {},
                {"access_token": "t", "expires_on": "4000000000", "resource": query["resource"][0], "token_type": "Bearer"},
            )
        if path.startswith("/eventhubs/"):
            return 200, {}, {"everywhere": True}
        if path == "/api/2.2/jobs/list":
            return 200, {}, {"jobs": [job for job in self.jobs if job["settings"]["name"] == query["name"][0]]}
        if path == "/metadata/endpoints":
            return self.arm.metadata()
        if path in self.commits:
            return 200, {"ETag": '"1"', "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}, self.commits[path]
        return 404, {}, b"<Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>"

    def answer(self, method, parts, authorization, content):
        path, query = parts.path, parse_qs(parts.query)
        if path.startswith("/oauth2/"):
            return self.registry.exchange(path, content)
        if path.startswith("/v2/"):
            return self.registry.get(path, authorization)
        if method == "GET" and not path.startswith(("/subscriptions/", "/contoso/")):
            return self.get(path, query)
        assert authorization == "Bearer t"
        body = json.loads(content) if content else None
        if path.startswith("/subscriptions/"):
            assert query["api-version"]
            return self.arm.call(method, path, body)
        if path.startswith("/contoso/"):
            return self.devops.call(method, path, query, body)
        assert path == "/api/2.2/jobs/run-now"
        return self.run_now(body)

    def _requests(azure):  # noqa: N805 - the handler class below has a self of its own
        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            @override
            def log_message(self, format, *args):
                pass

            def _serve(self):
                content = self.rfile.read(int(self.headers["Content-Length"] or 0))
                self._answer(*azure.answer(self.command, urlsplit(self.path), self.headers["Authorization"], content))

            do_GET = do_PUT = do_POST = _serve  # noqa: N815 - the names that http.server looks for

            def _answer(self, status, headers, body):
                azure.agents.add(self.headers["User-Agent"].split("/")[0])
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                try:
                    self.send_response(status)
                    for name, value in {**headers, "Content-Length": str(len(content))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True  # the caller was killed while it waited

        return Requests


class Service:
    """The handler's command in a process of its own."""

    def __init__(self, state, environment):
        command = [sys.executable, "-m", "events.service"]
        with (state / "handler.log").open("ab") as log:
            self.process = subprocess.Popen(command, env={**environment, "HANDLER_STATE": str(state)}, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self):
        self.process.terminate()
        return self.process.wait(60)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    ensure_certificates(folder)
    return folder


@pytest.fixture
def azure(certificates, monkeypatch):
    cloud = Azure(certificates)
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    yield cloud
    cloud.close()


@pytest.fixture
def broker_in(tmp_path, certificates, azure):
    """Start brokers, each with its log in a folder of its own; all are killed at the end."""
    started = []

    def begin(name):
        started.append(Broker(tmp_path / name, certificates, azure.port))
        return started[-1]

    yield begin
    for broker in started:
        broker.kill()


@pytest.fixture
def broker(broker_in):
    return broker_in("broker")


@pytest.fixture
def bus_at():
    return Bus


@pytest.fixture
def bus(broker):
    return Bus(broker.state)


@pytest.fixture
def start(azure, tmp_path):
    """Start the handler's command on a bus; whatever still runs at the end is killed."""
    started = []

    def begin(bootstrap, state=tmp_path, **variables):
        service = Service(state, {**azure.environment, "EVENTS_BOOTSTRAP": bootstrap, **variables})
        started.append(service)
        return service

    yield begin
    for service in started:
        if service.process.poll() is None:
            service.kill()


@pytest.fixture
def committed():
    """A storage event that tells of a commit, as Event Grid writes it."""

    def event(table="sales", version=0, identity="e-0", source=LAKE, kind="Microsoft.Storage.BlobCreated"):
        return {
            "specversion": "1.0",
            "type": kind,
            "source": source,
            "subject": f"/blobServices/default/containers/bronze/blobs/{table}/_delta_log/{version:020d}.json",
            "id": identity,
            "time": "2026-10-21T07:28:00Z",
            "data": {"api": "PutBlob", "url": "https://169.254.169.254/never-read"},
        }

    return event


@pytest.fixture
def registered():
    """The event of our own that tells of a version of the features."""

    def event(version=0, identity=None, **attributes):
        subject = f"silver/features@{version}"
        return {
            "specversion": "1.0",
            "type": "mlops.features.registered",
            "source": "/data-ops/prepare-dataset",
            "subject": subject,
            "id": identity or f"f-{version}",
            "time": "2026-10-21T07:28:00Z",
            "dataversion": subject,
            "data": {},
            **attributes,
        }

    return event


@pytest.fixture
def run_event():
    """An event of the workspace about a run, as Event Grid writes it; a status makes it RunStatusChanged."""

    def event(run_id, status="", identity="r-0", source=WORKSPACE, kind="azureml.PipelineRun", *, capital=False):
        data = {"experimentName": "demand", "runId": run_id, "runType": kind, "runTags": {}, "runProperties": {}}
        data |= {"runStatus": status} if status else {}
        return {
            "specversion": "1.0",
            "type": f"Microsoft.MachineLearningServices.{'RunStatusChanged' if status else 'RunCompleted'}",
            "source": source,
            "subject": f"experiments/e/runs/{run_id}",
            "id": identity,
            "time": "2026-10-21T07:28:00Z",
            "data": {key[0].upper() + key[1:]: value for key, value in data.items()} if capital else data,
        }

    return event


@pytest.fixture
def pushed():
    """The event of the registry that tells of an image, as Event Grid writes it."""

    def event(digest, identity="p-0", source=REGISTRY, *, capital=False, **changed):
        target = {"mediaType": MANIFEST, "size": 9, "digest": digest, "repository": "scoring", "tag": "3-7", **changed}
        if capital:
            target = {key[0].upper() + key[1:]: value for key, value in target.items()}
        return {
            "specversion": "1.0",
            "type": "Microsoft.ContainerRegistry.ImagePushed",
            "source": source,
            "subject": f"{changed.get('repository', 'scoring')}:3-7",
            "id": identity,
            "time": "2026-10-21T07:28:00Z",
            "data": {"action": "push", "Target" if capital else "target": target},
        }

    return event


@pytest.fixture
def until():
    """Wait until a condition holds."""

    def wait(condition, seconds=20.0):
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, "the condition did not hold in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]
