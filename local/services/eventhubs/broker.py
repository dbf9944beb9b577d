"""The Kafka broker of the local cloud: built once from the sources beside this file, then started by the supervisor."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from contracts.errors import FourPartError

SOURCE = Path(__file__).parent / "broker"
GO_WANTED = (1, 26)
BUILD_TIME = "about 1 minute, once"


class BrokerMissingError(FourPartError):
    """The broker is not built, or can't be built on this machine."""


class BrokerNotReadyError(FourPartError):
    """A started broker does not answer."""


def cached_broker() -> Path | None:
    """The broker built from these very sources, or None."""
    binary = _cached()
    return binary if binary.exists() else None


def find_broker() -> Path:
    """The built broker.

    Raises:
        BrokerMissingError: when it has not been built yet.
    """
    binary = cached_broker()
    if binary is None:
        happened = "The Kafka broker of the local cloud is not built."
        raise BrokerMissingError(happened, given="no build of these sources", allowed=str(_cached()), remedy="Run `make up`.")
    return binary


def find_or_build() -> Path:
    """The broker: the cached build, else one made now (about a minute).

    The build goes to a draft that is renamed when whole, so an interrupted or doubled build harms nothing.

    Raises:
        BrokerMissingError: when there is no Go 1.26 or newer, or the build fails.
    """
    found = cached_broker()
    if found is not None:
        return found
    binary, go = _cached(), _go()
    binary.parent.mkdir(parents=True, exist_ok=True)
    draft = binary.with_name(f".{binary.name}.{os.getpid()}")
    command = [go, "build", "-trimpath", "-ldflags", "-s -w", "-o", str(draft), "."]
    built = subprocess.run(
        command, cwd=SOURCE, env={**os.environ, "CGO_ENABLED": "0"}, capture_output=True, text=True, check=False
    )
    if built.returncode:
        raise _not_built(built.stderr.strip()[-800:])
    draft.replace(binary)
    return binary


def command(binary: Path, port: int, data: Path) -> list[str]:
    """The command that serves Kafka on a loopback port with its log under `data`."""
    return [str(binary), "-port", str(port), "-data", str(data)]


def wait_ready(bootstrap: str, seconds: float = 10.0) -> None:
    """Return when the broker at `host:port` answers a metadata request.

    Raises:
        BrokerNotReadyError: when it does not within `seconds`.
    """
    ends = time.monotonic() + seconds
    client = AdminClient({"bootstrap.servers": bootstrap, "reconnect.backoff.max.ms": 200, "log_level": 0})
    while True:
        try:
            client.list_topics(timeout=0.5)
        except KafkaException as error:
            if time.monotonic() > ends:
                happened = f"The Kafka broker did not answer in {seconds:g} s."
                allowed = "an answer to a metadata request"
                remedy = "Read its log, kafka.log in the stack's log directory."
                raise BrokerNotReadyError(happened, given=f"{bootstrap}: {error}", allowed=allowed, remedy=remedy) from error
        else:
            return


def _cached() -> Path:
    sources = hashlib.sha256()
    for file in sorted(SOURCE.iterdir()):
        sources.update(file.name.encode() + b"\0" + file.read_bytes())
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "mlops-forecasting" / "broker" / sources.hexdigest()[:16] / "evbroker"


def _go() -> str:
    go = shutil.which("go")
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip() if go else ""
    found = re.match(r"go(\d+)\.(\d+)", version)
    if go is None or found is None or (int(found[1]), int(found[2])) < GO_WANTED:
        raise _no_go(version)
    return go


def _no_go(version: str) -> BrokerMissingError:
    happened = "The Kafka broker of the local cloud has to be built, and that needs Go."
    wanted = ".".join(str(part) for part in GO_WANTED)
    return BrokerMissingError(
        happened,
        given=version or "no `go` on PATH",
        allowed=f"Go {wanted} or newer",
        remedy=f"Install Go {wanted} (go.dev/doc/install, or your system's package), then run `make up`; the build takes {BUILD_TIME}.",
    )


def _not_built(text: str) -> BrokerMissingError:
    happened = "The build of the Kafka broker failed."
    remedy = "Check that Go reaches its module proxy (`go env GOPROXY`), then run `make up` again; what is done is kept."
    return BrokerMissingError(happened, given=text or "no output", allowed="`go build` without error", remedy=remedy)
