"""A tiny project on the real engine, with the real provider behind a gate that can hold an answer back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2_grpc

from local.endpoints import Endpoints
from local.engine.build import ensure_engine
from local.engine.runner import PulumiEngine
from local.progress import Progress
from local.provider.deployment import Deployment
from local.provider.server import Provider
from local.resources import Resources
from local.store import Store

PROGRAM = """\
from pathlib import Path

import pulumi
from pulumi_azure_native import resources, storage

config = pulumi.Config()
group = resources.ResourceGroup("group", resource_group_name="rg-shop", location="westeurope")
lake = storage.StorageAccount(
    "lake",
    account_name="dlsshop",
    resource_group_name=group.name,
    kind="StorageV2",
    sku={"name": "Standard_LRS"},
    identity={"type": "SystemAssigned"},
    minimum_tls_version=config.get("tls"),
)
for name in config.require_object("containers"):
    storage.BlobContainer(name, container_name=name, account_name=lake.name, resource_group_name=group.name)
lake.identity.principal_id.apply(lambda value: Path(config.require("seen")).write_text(str(value)))
pulumi.export("lake", lake.id)
pulumi.export("blob", lake.primary_endpoints.blob)
"""


@dataclass
class SlowNetwork(grpc.ServerInterceptor):
    """Lets requests through to the provider, and holds back the answer to one method on one resource."""

    method: str = ""
    urn_end: str = ""
    answered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if not self.method or not handler_call_details.method.endswith(f"/{self.method}"):
            return handler
        held: Any = self._held(handler.unary_unary)
        return grpc.unary_unary_rpc_method_handler(held, handler.request_deserializer, handler.response_serializer)

    def _held(self, serve: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def answer(request: Any, context: Any) -> Any:
            response = serve(request, context)
            if request.urn.endswith(self.urn_end) and not getattr(request, "preview", False):
                self.answered.set()
                self.release.wait(60)
            return response

        return answer


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The project, its engine, what exists in its cloud, and the network in between."""

    pulumi: PulumiEngine
    project: Path
    state: Path
    resources: Resources
    network: SlowNetwork

    def names(self) -> list[str]:
        """Names of all that exists, sorted."""
        return sorted(resource.name for resource in self.resources.all())

    def configure(self, **config: str) -> None:
        """Write the stack file of `dev`; values are YAML."""
        values = {"seen": str(self.state / "seen"), "containers": "[bronze, silver]", **config}
        lines = [f"  shop:{name}: {value}" for name, value in values.items()]
        text = "\n".join(["secretsprovider: azurekeyvault://kv.vault.azure.net/keys/k", "encryptedkey: AAAA", "config:", *lines])
        (self.project / "Pulumi.dev.yaml").write_text(text + "\n")

    def program(self, text: str) -> None:
        """Replace the program."""
        (self.project / "__main__.py").write_text(text)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A new project with an initialised stack `dev`."""
    project, state = tmp_path / "project", tmp_path / "state"
    project.mkdir()
    state.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    resources, network = Resources(Store(state / "cloud.db")), SlowNetwork()
    server = grpc.server(futures.ThreadPoolExecutor(16), interceptors=[network])
    provider = Provider(Deployment(resources=resources, endpoints=Endpoints.of(state)))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    pulumi = PulumiEngine.of(ensure_engine(Progress()), state=state, project=project, stack="dev", provider_port=port)
    made = Shop(pulumi=pulumi, project=project, state=state, resources=resources, network=network)
    made.program(PROGRAM)
    made.configure()
    pulumi.init()
    yield made
    network.release.set()
    server.stop(0).wait()
