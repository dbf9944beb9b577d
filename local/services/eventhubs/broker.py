"""The Kafka broker of the local cloud: built once from the sources beside this file, then started by the supervisor."""

from __future__ import annotations

import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from contracts.errors import FourPartError
from local.gobuild import GoProgram

BROKER = GoProgram(title="Kafka broker", binary="evbroker", source=Path(__file__).parent / "broker", takes="about 1 minute, once")


class BrokerNotReadyError(FourPartError):
    """A started broker does not answer."""


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
