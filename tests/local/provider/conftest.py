"""The real provider behind its real gRPC interface, on an empty stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb, provider_pb2_grpc

from local.endpoints import Endpoints
from local.provider import wire
from local.provider.deployment import Deployment
from local.provider.kinds import KINDS
from local.provider.server import serve
from local.resources import Resources
from local.store import Store

GROUP = "rg-shop"


@dataclass(frozen=True, kw_only=True)
class Client:
    """What the engine does, in short calls."""

    stub: provider_pb2_grpc.ResourceProviderStub
    resources: Resources
    endpoints: Endpoints

    def check(self, kind: str, inputs: dict[str, Any]) -> dict[str, str]:
        """Reasons by property path."""
        answer = self.stub.Check(pb.CheckRequest(urn=urn(kind), news=wire.write(inputs)))
        return {item.property: item.reason for item in answer.failures}

    def create(self, kind: str, inputs: dict[str, Any], *, preview: bool = False) -> tuple[str, dict[str, Any]]:
        """The new resource's id and outputs."""
        answer = self.stub.Create(pb.CreateRequest(urn=urn(kind), properties=wire.write(inputs), preview=preview))
        return answer.id, wire.read(answer.properties)

    def diff(
        self, kind: str, olds: dict[str, Any], news: dict[str, Any], *, held: tuple[str, dict[str, Any]] = ("", {})
    ) -> pb.DiffResponse:
        """What the engine is told of a change of inputs, for a resource of which it holds id and outputs."""
        resource_id, outputs = held
        asked = {"id": resource_id, "old_inputs": wire.write(olds), "olds": wire.write(outputs), "news": wire.write(news)}
        return self.stub.Diff(pb.DiffRequest(urn=urn(kind), **asked))

    def delete(self, kind: str, resource_id: str) -> None:
        """Remove a resource."""
        self.stub.Delete(pb.DeleteRequest(urn=urn(kind), id=resource_id))

    def group(self) -> str:
        """A resource group in West Europe."""
        return self.create("resources:ResourceGroup", {"resourceGroupName": GROUP, "location": "westeurope"})[0]


def urn(kind: str) -> str:
    """A URN of a resource of this kind, inside a component."""
    return f"urn:pulumi:dev::shop::shop:Part$azure-native:{kind}::it"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a provider on an empty stack."""
    resources, endpoints = Resources(Store(tmp_path / "cloud.db")), Endpoints.of(tmp_path)
    server, port = serve(Deployment(resources=resources, endpoints=endpoints), 0)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Client(stub=provider_pb2_grpc.ResourceProviderStub(channel), resources=resources, endpoints=endpoints)
    server.stop(0).wait()


@pytest.fixture(params=sorted(token for token in KINDS if token.startswith("azure-native:")))
def token(request: pytest.FixtureRequest) -> str:
    """Each emulated kind in turn."""
    return str(request.param)
