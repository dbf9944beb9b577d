"""The engine's Python language host: the console script `pulumi-language-python`.

It speaks the SDK's own protocol (`pulumi/language.proto`): the engine starts it, reads its port from the first line, and
asks it to run programs and policy packs. An official installation of Pulumi brings its own host and does not use this one.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from dataclasses import asdict
from importlib.metadata import distributions
from pathlib import Path
from types import FrameType
from typing import NoReturn, override

import grpc
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from local.engine.build import pinned_version
from local.engine.children import Children, streamed
from local.engine.program import BAIL, VARIABLE, Program

WATCH_SECONDS = 1.0
LOOPBACK = "127.0.0.1:0"
MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own bound for one message."""


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs Python programs and policy packs for one engine."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children

    @override
    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learn the engine's address."""
        del context
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    @override
    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Name no provider to download: all are attached."""
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    @override
    def GetPluginInfo(self, request: object, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Answer with the version of the engine that this host is made for."""
        del request, context
        return plugin_pb2.PluginInfo(version=pinned_version().removeprefix("v"))

    @override
    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """Name the interpreter."""
        del request, context
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    @override
    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """List the installed distributions."""
        del request, context
        found = sorted({(item.name, item.version) for item in distributions()})
        items = [language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        return language_pb2.GetProgramDependenciesResponse(dependencies=items)

    @override
    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Say that the lock file has done it; the environment of this host is the program's."""
        del request, context
        yield language_pb2.InstallDependenciesResponse(stdout=b"Dependencies come from the repository's lock file.\n")

    @override
    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program in a child process; its output becomes the engine's diagnostics."""
        child = self._children.start(
            [sys.executable, "-u", "-m", "local.engine.program"],
            folder=request.pwd or request.info.program_directory,
            environment={**os.environ, **_program_environment(request, self._engine)},
        )
        context.add_callback(child.terminate)
        code = self._children.wait(child)
        if code in (0, BAIL):
            return language_pb2.RunResponse(bail=code == BAIL)
        return language_pb2.RunResponse(error=f"the program ended with exit code {code}")

    @override
    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a policy pack (or another plugin written in Python) and stream what it prints."""
        folder = request.info.program_directory
        pack = request.kind == "analyzer"
        command = ["-m", "pulumi.policy", *request.args, folder] if pack else [folder, *request.args]
        child = self._children.start(
            [sys.executable, "-u", *command],
            folder=folder if pack else request.pwd,
            environment={**os.environ, **dict(item.split("=", 1) for item in request.env)},
            piped=True,
        )
        context.add_callback(child.terminate)
        for error, line in streamed(child):
            yield language_pb2.RunPluginResponse(stderr=line) if error else language_pb2.RunPluginResponse(stdout=line)
        yield language_pb2.RunPluginResponse(exitcode=self._children.wait(child))


def _program_environment(request: language_pb2.RunRequest, engine: str) -> Mapping[str, str]:
    folder, entry = Path(request.info.program_directory), request.info.entry_point
    run = Program(
        monitor=request.monitor_address,
        engine=engine,
        project=request.project,
        stack=request.stack,
        organization=request.organization,
        parallel=request.parallel,
        dry_run=request.dryRun,
        root_directory=request.info.root_directory,
        program=str(folder if entry in ("", ".") else folder / entry),
    )
    return {
        VARIABLE: json.dumps(asdict(run)),
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def main() -> NoReturn:
    """Serve one engine until it asks to stop or is gone; the children end with the host."""
    children, over = Children(), threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    address = next((item for item in sys.argv[1:] if not item.startswith("-")), "")
    server = _serve(Host(address, children))
    parent = os.getppid()
    while not over.wait(WATCH_SECONDS) and os.getppid() == parent:
        pass
    children.end()
    server.stop(0)
    # Threads that still wait for a child must not hold up the exit.
    sys.stdout.flush()
    os._exit(0)


def _serve(host: Host) -> grpc.Server:
    sizes = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=sizes)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port(LOOPBACK)
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    return server


if __name__ == "__main__":
    main()
