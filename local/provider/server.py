"""The provider as the engine sees it: the gRPC service `ResourceProvider`, on the stack's provider port."""

from __future__ import annotations

import signal
import sys
import threading
from concurrent import futures
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn, override

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2 as pb, provider_pb2_grpc, status_pb2

from local.endpoints import HOST, Endpoints
from local.provider import checks, previews, wire
from local.provider.awaits import NotReadyError, wait_until_gone, wait_until_ready
from local.provider.deployment import Deployment
from local.provider.diffs import difference
from local.provider.errors import ArmError, NotEmulatedError
from local.provider.imports import inputs_of, refreshed
from local.provider.invokes import INVOKES
from local.provider.kinds import KINDS, Kind
from local.resources import Resources
from local.services.eventhubs.topics import TopicError
from local.store import Store

THREADS = 16
MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own bound for one message."""
GRACE_SECONDS = 3.0


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves azure-native resources from the stack's own table."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    @override
    def Handshake(self, request: pb.ProviderHandshakeRequest, context: grpc.ServicerContext) -> pb.ProviderHandshakeResponse:
        """Ask for secrets to be marked, and for plain values instead of outputs and resource references."""
        del request, context
        return pb.ProviderHandshakeResponse(accept_secrets=True, accept_resources=False, accept_outputs=False)

    @override
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Accept the engine that comes by `PULUMI_DEBUG_PROVIDERS`."""
        del request, context
        return empty_pb2.Empty()

    @override
    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Answer with the version of the SDK that the kinds are read from."""
        del request, context
        return plugin_pb2.PluginInfo(version=version("pulumi-azure-native"))

    @override
    def CheckConfig(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        """Take the provider's configuration as it is; credentials are of no use here."""
        del context
        return pb.CheckResponse(inputs=request.news)

    @override
    def DiffConfig(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        """Never replace anything for a change of the configuration."""
        del request, context
        return pb.DiffResponse(changes=pb.DiffResponse.DIFF_NONE)

    @override
    def Configure(self, request: pb.ConfigureRequest, context: grpc.ServicerContext) -> pb.ConfigureResponse:
        """Say what the provider understands."""
        del request, context
        return pb.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False)

    @override
    def Invoke(self, request: pb.InvokeRequest, context: grpc.ServicerContext) -> pb.InvokeResponse:
        """Answer the functions that are emulated; others are refused by name."""
        function = INVOKES.get(request.tok)
        if function is None:
            _refuse(context, NotEmulatedError(f"The function {request.tok}", INVOKES))
        try:
            answer = function(self._deployment.resources, wire.read(request.args))
        except ArmError as error:
            _refuse(context, error)
        response = pb.InvokeResponse()
        getattr(response, "return").CopyFrom(wire.write(answer))
        return response

    @override
    def Check(self, request: pb.CheckRequest, context: grpc.ServicerContext) -> pb.CheckResponse:
        """Refuse unknown kinds, then name every fault of the inputs."""
        kind = _kind(request.urn, context)
        found = checks.failures(kind, wire.read(request.news), wire.secret_names(request.news))
        failures = [pb.CheckFailure(property=item.path, reason=item.reason) for item in found]
        return pb.CheckResponse(inputs=request.news, failures=failures)

    @override
    def Diff(self, request: pb.DiffRequest, context: grpc.ServicerContext) -> pb.DiffResponse:
        """Say whether new inputs change or replace the resource."""
        kind, news = _kind(request.urn, context), wire.read(request.news)
        found = difference(kind, wire.read(request.old_inputs), news)
        changed = found.changed | self._deployment.moved(kind, request.id, wire.read(request.olds), news)
        changes = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(
            changes=changes, diffs=sorted(changed), replaces=sorted(found.replacing), deleteBeforeReplace=found.delete_first
        )

    @override
    def Create(self, request: pb.CreateRequest, context: grpc.ServicerContext) -> pb.CreateResponse:
        """Make the resource; in a preview only say what would be known of it."""
        kind, inputs = _kind(request.urn, context), wire.read(request.properties)
        secrets = wire.secret_names(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=_marked(previews.of_create(kind.sdk_type, inputs), secrets))
        try:
            made = self._deployment.create(kind, inputs)
            wait_until_ready(self._deployment.resources, made)
        except (ArmError, TopicError) as error:
            _refuse(context, error)
        except NotReadyError as error:
            _unready(context, error, _marked(dict(error.resource.properties), secrets), request.properties)
        return pb.CreateResponse(id=made.id, properties=_marked(dict(made.properties), secrets))

    @override
    def Update(self, request: pb.UpdateRequest, context: grpc.ServicerContext) -> pb.UpdateResponse:
        """Change the resource; in a preview only say what would be known of it."""
        kind, inputs, olds = _kind(request.urn, context), wire.read(request.news), wire.read(request.old_inputs)
        secrets = wire.secret_names(request.news)
        if request.preview:
            changed = difference(kind, olds, inputs).changed
            known = previews.of_update(kind.sdk_type, wire.read(request.olds), inputs, changed)
            return pb.UpdateResponse(properties=_marked(known, secrets))
        try:
            made = self._deployment.update(kind, request.id, olds, inputs)
            wait_until_ready(self._deployment.resources, made)
        except (ArmError, TopicError) as error:
            _refuse(context, error)
        except NotReadyError as error:
            _unready(context, error, _marked(dict(error.resource.properties), secrets), request.news)
        return pb.UpdateResponse(properties=_marked(dict(made.properties), secrets))

    @override
    def Read(self, request: pb.ReadRequest, context: grpc.ServicerContext) -> pb.ReadResponse:
        """Answer with the resource as it is; an empty id when it is gone."""
        kind, found = _kind(request.urn, context), self._deployment.resources.get(request.id)
        if found is None:
            return pb.ReadResponse()
        secrets = wire.secret_names(request.inputs) | wire.secret_names(request.properties)
        olds = wire.read(request.inputs)
        inputs = refreshed(olds, found.properties) if olds else inputs_of(kind, found)
        return pb.ReadResponse(id=found.id, properties=_marked(dict(found.properties), secrets), inputs=_marked(inputs, secrets))

    @override
    def Delete(self, request: pb.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Remove the resource and all below it."""
        try:
            self._deployment.delete(request.id)
            wait_until_gone(self._deployment.resources, request.id)
        except TopicError as error:
            _refuse(context, error)
        return empty_pb2.Empty()

    @override
    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Have nothing to cancel: every request is answered at once."""
        del request, context
        return empty_pb2.Empty()


def _kind(urn: str, context: grpc.ServicerContext) -> Kind:
    token = urn.split("::")[2].rpartition("$")[2]
    if token not in KINDS:
        _refuse(context, NotEmulatedError(f"The resource kind {token}", KINDS))
    return KINDS[token]


def _marked(properties: dict[str, Any], secrets: frozenset[str]) -> Any:
    return wire.write(wire.marked(properties, secrets))


def _refuse(context: grpc.ServicerContext, error: ArmError | NotEmulatedError | TopicError) -> NoReturn:
    code = grpc.StatusCode.UNIMPLEMENTED if isinstance(error, NotEmulatedError) else grpc.StatusCode.INVALID_ARGUMENT
    context.abort(code, str(error))


def _unready(
    context: grpc.ServicerContext, error: NotReadyError, properties: struct_pb2.Struct, inputs: struct_pb2.Struct
) -> NoReturn:
    """Tell the engine of a resource that exists and does not work: it is recorded, and tried again by the next update."""
    told = pb.ErrorResourceInitFailed(id=error.resource.id, properties=properties, reasons=error.reasons, inputs=inputs)
    detail = any_pb2.Any()
    detail.Pack(told, type_url_prefix="type.googleapis.com")
    status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(error), details=[detail])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, str(error))


def serve(deployment: Deployment, port: int) -> tuple[grpc.Server, int]:
    """Start serving on a loopback port (0: a free one); the server and its port."""
    sizes = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=[*sizes, ("grpc.so_reuseport", 0)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(deployment), server)
    bound = server.add_insecure_port(f"{HOST}:{port}")
    server.start()
    return server, bound


def main() -> int:
    """Serve the stack whose state directory is given until told to stop."""
    state = Path(sys.argv[1])
    endpoints, over = Endpoints.of(state), threading.Event()
    server, _ = serve(Deployment(resources=Resources(Store(state / "cloud.db")), endpoints=endpoints), endpoints.provider)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    server.stop(GRACE_SECONDS).wait()
    return 0
