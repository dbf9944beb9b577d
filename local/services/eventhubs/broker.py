"""The Kafka broker of the local cloud: built once from the sources beside this file, then started by the supervisor."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from contracts.errors import FourPartError
from local.endpoints import HOST, Endpoints
from local.gobuild import GoProgram
from local.tokens import key

BROKER = GoProgram(title="Kafka broker", binary="evbroker", source=Path(__file__).parent / "broker", takes="about 1 minute, once")


class BrokerNotReadyError(FourPartError):
    """A started broker does not answer."""


def command(binary: Path, state: Path) -> list[str]:
    """The command that serves Kafka for a stack, whose state directory holds certificates; the identity service judges its clients."""
    endpoints = Endpoints.of(state)
    key(state / "eventhubs.key")
    return [str(binary), "-port", str(endpoints.kafka), "-state", str(state), "-authority", endpoints.url("identity")]


def wait_ready(state: Path, seconds: float = 10.0) -> None:
    """Return when the broker of a stack takes connections.

    Raises:
        BrokerNotReadyError: when it does not within `seconds`.
    """
    ends, endpoints = time.monotonic() + seconds, Endpoints.of(state)
    while True:
        try:
            socket.create_connection((HOST, endpoints.kafka), timeout=0.5).close()
        except OSError as error:
            if time.monotonic() > ends:
                happened = f"The Kafka broker did not answer in {seconds:g} s."
                remedy = "Read its log, kafka.log in the stack's log directory."
                given = f"{endpoints.bootstrap}: {error}"
                raise BrokerNotReadyError(happened, given=given, allowed="a connection", remedy=remedy) from error
            time.sleep(0.02)
        else:
            return
