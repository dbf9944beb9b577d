"""The language host by its own protocol, started as the engine starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from pulumi.runtime.proto import language_pb2 as pb, language_pb2_grpc

from local.engine.build import pinned_version

HOST = Path(sys.executable).parent / "pulumi-language-python"


@pytest.fixture
def host() -> Iterator[tuple[Any, subprocess.Popen[bytes]]]:
    """A host's stub and process."""
    running = subprocess.Popen([HOST, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert running.stdout is not None
    port = int(running.stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield language_pb2_grpc.LanguageRuntimeStub(channel), running
    if running.poll() is None:
        running.kill()
    running.communicate()


def test_the_host_says_what_it_is(host: tuple[Any, Any]) -> None:
    stub, _ = host
    stub.Handshake(pb.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert stub.GetPluginInfo(pb.AboutRequest()).version == pinned_version()[1:]
    assert stub.About(pb.AboutRequest()).executable == sys.executable
    assert not stub.GetRequiredPackages(pb.GetRequiredPackagesRequest()).packages
    names = {item.name.replace("_", "-") for item in stub.GetProgramDependencies(pb.GetProgramDependenciesRequest()).dependencies}
    assert {"pulumi", "pulumi-azure-native"} <= names
    assert b"lock file" in next(iter(stub.InstallDependencies(pb.InstallDependenciesRequest()))).stdout


def test_a_plugins_output_and_exit_code_come_back(host: tuple[Any, Any], tmp_path: Path) -> None:
    stub, _ = host
    script = tmp_path / "plugin.py"
    script.write_text("import os, sys\nprint('out', sys.argv[1], os.environ['COLOUR'])\nsys.exit('bad')\n")
    answers = list(stub.RunPlugin(plugin(script, "one", "COLOUR=red")))
    assert b"".join(item.stdout for item in answers) == b"out one red\n"
    assert b"".join(item.stderr for item in answers) == b"bad\n"
    assert answers[-1].exitcode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_host_ends_quietly_and_takes_its_children_along(host: tuple[Any, Any], tmp_path: Path, number: int) -> None:
    stub, running = host
    script = tmp_path / "plugin.py"
    script.write_text("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    answers = iter(stub.RunPlugin(plugin(script)))
    assert next(answers).stdout == b"here\n"
    children = psutil.Process(running.pid).children()
    assert len(children) == 1
    running.send_signal(number)
    _, said = running.communicate(timeout=10)
    assert (running.returncode, said) == (0, b"")
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_the_host_ends_when_its_engine_is_gone(tmp_path: Path) -> None:
    start = f"import subprocess, sys, time; p = subprocess.Popen([{str(HOST)!r}, 'x']); print(p.pid, flush=True); time.sleep(2)"
    with (tmp_path / "out").open("w") as out:
        subprocess.run([sys.executable, "-c", start], stdout=out, check=True)
    pid = int((tmp_path / "out").read_text().split()[0])
    ends = time.monotonic() + 60
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ends
        time.sleep(0.1)


def plugin(script: Path, *arguments: str) -> pb.RunPluginRequest:
    """A request to run a script; arguments with `=` are environment."""
    environment = [item for item in arguments if "=" in item]
    rest = [item for item in arguments if "=" not in item]
    info = pb.ProgramInfo(program_directory=str(script))
    return pb.RunPluginRequest(kind="resource", pwd=str(script.parent), args=rest, env=environment, info=info)
