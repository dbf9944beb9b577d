"""A local cloud in a temporary directory: its resources, its service processes, and the environment of its clients."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from contracts.roles import ROLES
from local.certificates import ensure_certificates
from local.environment import client_environment
from local.resources import Resource
from local.services.cloud import Cloud
from local.services.eventgrid.models import declare
from local.services.eventhubs import broker
from local.services.eventhubs.topics import create_topic
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.tokens import SUBSCRIPTION, Principal

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test"
LAKE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/lake"
ML_STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mlstorage"
DEAD_LETTER = f"{ML_STORAGE}/blobServices/default/containers/dead-letter"
BUS = f"{GROUP}/providers/Microsoft.EventHub/namespaces/evh-test"
HUBS = f"{BUS}/eventhubs"
TOPIC = f"{GROUP}/providers/Microsoft.EventGrid/systemTopics/egst-lake"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass
class Site:
    """One local cloud: the parts a test needs, and the processes it has started."""

    cloud: Cloud
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    lake: str = LAKE
    namespace: str = BUS
    deployer: Principal = DEPLOYER_PRINCIPAL

    @property
    def tls(self) -> ssl.SSLContext:
        """Trust in the site's own authority."""
        return ssl.create_default_context(cafile=str(self.cloud.state / "tls" / "ca.pem"))

    def add(self, arm_type: str, arm_id: str, **properties: Any) -> None:
        """Make a resource exist."""
        name = arm_id.rpartition("/")[2]
        self.cloud.resources.put(Resource(id=arm_id, type=arm_type, name=name, properties=properties))

    def assign(self, principal: str, role: str, scope: str) -> str:
        """Give a principal, by object id, a built-in role on a resource; returns the assignment's ARM id."""
        definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
        kind = "Microsoft.Authorization/roleAssignments"
        arm_id = f"{scope}/providers/{kind}/{uuid.uuid4()}"
        self.add(kind, arm_id, roleDefinitionId=definition, principalId=principal, scope=scope)
        return arm_id

    def unassign(self, role: str) -> None:
        """Take a role away from all who hold it."""
        for held in self.cloud.resources.of_type("Microsoft.Authorization/roleAssignments"):
            if str(held.properties["roleDefinitionId"]).endswith(ROLES[role]):
                self.cloud.resources.delete(held.id)

    def add_container(self, account: str, name: str) -> None:
        """Make a container exist in the account with this ARM id."""
        self.add("Microsoft.Storage/storageAccounts/blobServices/containers", f"{account}/blobServices/default/containers/{name}")

    def add_topic(self) -> None:
        """Make the system topic of the lake exist, with an identity of its own."""
        identity = {"type": "SystemAssigned", "principalId": "principal-of-egst-lake"}
        kind = "Microsoft.Storage.StorageAccounts"
        self.add("Microsoft.EventGrid/systemTopics", TOPIC, source=LAKE, topicType=kind, identity=identity)
        self.assign("principal-of-egst-lake", "Storage Blob Data Contributor", DEAD_LETTER)

    def add_hub(self, name: str) -> None:
        """Make an Event Hub exist, as resource and as topic of the running broker."""
        self.add("Microsoft.EventHub/namespaces/eventhubs", f"{HUBS}/{name}", partitionCount=2)
        self.assign("principal-of-egst-lake", "Azure Event Hubs Data Sender", f"{HUBS}/{name}")
        create_topic(self.cloud.state, name, 2)

    def subscribe(self, name: str, hub: str = "data_delivery", **more: Any) -> str:
        """Make a subscription of the lake's topic that delivers to a hub; returns its ARM id."""
        identity = {"type": "SystemAssigned"}
        hub_id = f"{HUBS}/{hub}"
        letters = {"endpointType": "StorageBlob", "resourceId": ML_STORAGE, "blobContainerName": "dead-letter"}
        properties: dict[str, Any] = {
            "eventDeliverySchema": "CloudEventSchemaV1_0",
            "deliveryWithResourceIdentity": {
                "destination": {"endpointType": "EventHub", "resourceId": hub_id},
                "identity": identity,
            },
            "deadLetterWithResourceIdentity": {"deadLetterDestination": letters, "identity": identity},
        }
        arm_id = f"{TOPIC}/eventSubscriptions/{name}"
        self.add("Microsoft.EventGrid/systemTopics/eventSubscriptions", arm_id, **(properties | more))
        return arm_id

    def start(self, name: str) -> None:
        """Start a service (or `kafka`) and wait until it answers."""
        self.processes[name] = subprocess.Popen(self._command(name), env={**os.environ, "PYTHONWARNINGS": "error"})
        if name == "kafka":
            broker.wait_ready(self.cloud.state)
        else:
            self._wait(name)

    def kill(self, name: str) -> None:
        """End a process as the kernel does when memory is short."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """End all processes; hard, because state is safe and open client connections would be waited for."""
        for name in list(self.processes):
            self.kill(name)

    def environment(self, identity: str = "deployer", account: str = "lake") -> dict[str, str]:
        """The whole environment of a client process."""
        plain = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**plain, **client_environment(self.cloud, identity, account)}

    def _command(self, name: str) -> list[str]:
        if name == "kafka":
            return broker.command(broker.BROKER.cached or broker.BROKER.build(), self.cloud.state)
        return [sys.executable, "-m", "local.services", name, str(self.cloud.state)]

    def _wait(self, name: str) -> None:
        for _ in range(400):
            if self.processes[name].poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.cloud.endpoints.url(name)}/health", context=self.tls, timeout=2):  # noqa: S310
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        pytest.fail(f"{name} did not start")


def make_site(state: Path) -> Site:
    """A site with two storage accounts, their containers and two identities, of which one writes to bronze; nothing runs yet."""
    ensure_certificates(state)
    site = Site(Cloud.open(state))
    declare(site.cloud.store)
    for account in (LAKE, ML_STORAGE):
        site.add("Microsoft.Storage/storageAccounts", account)
    for name in ("bronze", "silver"):
        site.add_container(LAKE, name)
    site.add_container(ML_STORAGE, "dead-letter")
    site.add("Microsoft.EventHub/namespaces", BUS)
    for name in ("id-ingest", "id-scoring"):
        ids = {"clientId": f"client-of-{name}", "principalId": f"principal-of-{name}"}
        site.add("Microsoft.ManagedIdentity/userAssignedIdentities", f"{IDENTITIES}/{name}", **ids)
    site.assign("principal-of-id-ingest", "Storage Blob Data Contributor", f"{LAKE}/blobServices/default/containers/bronze")
    return site


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose blob and identity services run for the whole session; tests use blob names of their own."""
    site = make_site(tmp_path_factory.mktemp("storage"))
    site.start("identity")
    site.start("blob")
    yield site
    site.stop()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own, nothing running."""
    own = make_site(tmp_path / "state")
    yield own
    own.stop()


@pytest.fixture
def client(storage: Site, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set this process up as a client of the session's site, as an identity and on an account."""

    def become(identity: str = "deployer", account: str = "lake") -> None:
        for name, value in storage.environment(identity, account).items():
            monkeypatch.setenv(name, value)

    become()
    return become
