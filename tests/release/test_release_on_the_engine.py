"""The release program on the real engine, before a far end that makes whatever it is asked for and notes it."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, override

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi import automation
from pulumi.runtime.proto import plugin_pb2, provider_pb2 as pb, provider_pb2_grpc

from deployment.declared.clouds import KUBECONFIG
from deployment.declared.programs import DIGESTS, ROOT, declared
from deployment.pulumi_stack import EngineFailedError
from local.engine.build import ensure_engine
from local.engine.workspace import Workspace
from local.progress import Progress
from local.provider import wire
from rollout.digests import Digests
from rollout.engine import ReleaseStack

pytestmark = pytest.mark.engine
OLD, NEW, HANDLER = DIGESTS["a"], DIGESTS["b"], DIGESTS["d"]


@dataclass(eq=False)
class FarEnd(provider_pb2_grpc.ResourceProviderServicer):
    """Azure and the cluster: every create, update and delete by the resource's name, and names that fail."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    hanging: str = ""
    reached: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    @override
    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    @override
    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    @override
    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="4.34.0")

    @override
    def Handshake(self, request: Any, context: Any) -> pb.ProviderHandshakeResponse:
        return pb.ProviderHandshakeResponse(accept_secrets=True)

    @override
    def Configure(self, request: Any, context: Any) -> pb.ConfigureResponse:
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @override
    def CheckConfig(self, request: Any, context: Any) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: Any, context: Any) -> pb.DiffResponse:
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    @override
    def Check(self, request: Any, context: Any) -> pb.CheckResponse:
        return pb.CheckResponse(inputs=request.news)

    @override
    def Diff(self, request: Any, context: Any) -> pb.DiffResponse:
        same = wire.read(request.old_inputs) == wire.read(request.news)
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE if same else pb.DiffResponse.DIFF_SOME)

    @override
    def Invoke(self, request: Any, context: Any) -> pb.InvokeResponse:
        answer = pb.InvokeResponse()
        found = {"kubeconfigs": [{"name": "user", "value": base64.b64encode(KUBECONFIG.encode()).decode()}]}
        getattr(answer, "return").CopyFrom(wire.write(found))
        return answer

    @override
    def Create(self, request: Any, context: Any) -> pb.CreateResponse:
        if request.preview:
            return pb.CreateResponse(properties=request.properties)
        made = self._act("create", request.urn, request.properties, context)
        return pb.CreateResponse(id=request.urn.rpartition("::")[2], properties=made)

    @override
    def Update(self, request: Any, context: Any) -> pb.UpdateResponse:
        if request.preview:
            return pb.UpdateResponse(properties=request.news)
        return pb.UpdateResponse(properties=self._act("update", request.urn, request.news, context))

    @override
    def Delete(self, request: Any, context: Any) -> empty_pb2.Empty:
        self._act("delete", request.urn, wire.write({}), context)
        return empty_pb2.Empty()

    def _act(self, what: str, urn: str, properties: Any, context: grpc.ServicerContext) -> Any:
        name, kind, made = urn.rpartition("::")[2], urn.split("::")[2].rpartition("$")[2], wire.read(properties)
        if name in self.failing and what != "delete":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "exceeded its progress deadline")
        self.calls.append((what, name))
        if name == self.hanging:
            self.reached.set()
            self.let_go.wait(60)
        if kind.endswith("ContainerGroup") and made:
            made["ipAddress"] = {**made["ipAddress"], "ip": "127.9.9.9"}
            made["identity"] = {**made["identity"], "userAssignedIdentities": {}}
        if kind.endswith(":Service") and made:
            made["status"] = {"loadBalancer": {"ingress": [{"ip": "127.9.9.8"}]}}
        return wire.write(made)

    @override
    def Read(self, request: Any, context: Any) -> pb.ReadResponse:
        return pb.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    def told(self) -> list[tuple[str, str]]:
        """What was done since the last time, sorted."""
        done, self.calls = sorted(self.calls), []
        return done


@pytest.fixture
def far_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FarEnd]:
    """A platform stack with the outputs that the platform program has, and the engine's environment around it."""
    end, server = FarEnd(), grpc.server(futures.ThreadPoolExecutor(8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(end, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    platform = tmp_path / "platform"
    (platform / "infra").mkdir(parents=True)
    (platform / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (platform / "Pulumi.dev.yaml").write_text("config: {}\n")
    outputs = json.dumps(declared("dev").outputs)
    program = f"import json, pulumi\nfor name, value in json.loads({outputs!r}).items():\n    pulumi.export(name, value)\n"
    (platform / "infra" / "__main__.py").write_text(program)
    engine = ensure_engine(Progress())
    workspace = Workspace(state=tmp_path / "state", project=platform, stack="dev")
    workspace.prepare()
    providers = {"PULUMI_DEBUG_PROVIDERS": f"azure-native:{port},kubernetes:{port}"}
    for name, value in {**workspace.environment(engine, port), **providers}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", os.pathsep.join([str(engine.binary.parent), os.environ["PATH"]]))
    automation.create_stack("dev", work_dir=str(platform)).up(color="never")
    yield end
    end.let_go.set()
    server.stop(0).wait()


def test_a_release_touches_its_own_slot_and_a_failed_one_claims_nothing(far_end, tmp_path):
    tree = {file: file.read_bytes() for file in (ROOT / "release").rglob("*") if file.suffix in {".py", ".yaml"}}
    stack = ReleaseStack(stack="dev")
    assert stack.platform().kubernetes_name == "aks-mlops-forecasting-dev"
    live = Digests(handler=HANDLER, blue=OLD, active="blue")
    assert stack.standing().digests == Digests()
    assert stack.apply(live).urls["production_url"] == "https://127.9.9.8:8443"
    far_end.told()

    tried = live.in_qa(NEW).in_idle_slot(NEW)
    assert stack.apply(tried).urls["qa_url"] == "https://127.9.9.9:8443"
    green = ["scoring-green", "scoring-green-address", "scoring-green-budget"]
    assert far_end.told() == [("create", name) for name in ["qa", *green]]

    assert stack.apply(tried.switched()).digests.live == NEW
    assert far_end.told() == [("update", "scoring-address")]

    for failing, wanted in (("scoring-blue", {"blue": NEW}), ("event-handler", {"handler": NEW})):
        far_end.failing = {failing}
        before = stack.standing()
        with pytest.raises(EngineFailedError, match=f"{failing}.*exceeded its progress deadline"):
            stack.apply(Digests(**{**vars(tried.switched()), **wanted}))
        assert stack.standing() == before

    far_end.failing = set()
    assert stack.apply(tried.switched()).digests == tried.switched()
    state = tmp_path / "state/pulumi/backend/.pulumi/stacks/mlops-forecasting-release/dev.json"
    assert json.dumps(KUBECONFIG).strip('"') not in state.read_text()
    assert {file: file.read_bytes() for file in tree} == tree


@pytest.mark.slow
def test_an_update_whose_engine_was_killed_is_finished_by_the_next(far_end, tmp_path):
    stack, ended = ReleaseStack(stack="dev"), []
    live = Digests(handler=HANDLER, blue=OLD, active="blue")
    stack.standing()
    far_end.hanging = "scoring-blue"

    def update() -> None:
        try:
            stack.apply(live)
        except EngineFailedError as error:
            ended.append(error)

    running = threading.Thread(target=update)
    running.start()
    assert far_end.reached.wait(60)
    _until_written(tmp_path / "state/pulumi/backend/.pulumi/stacks/mlops-forecasting-release/dev.json")
    for child in psutil.Process().children():
        if child.name() == "pulumi":
            child.send_signal(signal.SIGKILL)
    running.join(60)
    assert ended
    assert stack.standing().digests == Digests()
    far_end.hanging = ""
    far_end.let_go.set()
    assert stack.apply(live).digests == live
    assert stack.standing().digests == live


def _until_written(checkpoint):
    """Wait until the engine has recorded that it makes something; killed while it writes, it would leave half a file."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        try:
            told = json.loads(checkpoint.read_text())
        except (OSError, ValueError):
            told = {}
        if ((told.get("checkpoint") or {}).get("latest") or {}).get("pending_operations"):
            time.sleep(0.5)
            return
        time.sleep(0.05)
    raise AssertionError("the engine recorded nothing that it makes")
