"""How Kafka clients reach the bus: by TLS, logged in with a token of this process's managed identity."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from events.errors import SettingError

_BOOTSTRAP = re.compile(r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*):\d{1,5}")

# Source: "Recommended configurations for Apache Kafka clients", learn.microsoft.com (apache-kafka-configurations):
# idle links are cut at 240 s; requests over 1,046,528 bytes are closed; the Standard tier takes no compression.
_LIMITS: dict[str, Any] = {
    "socket.keepalive.enable": True,
    "metadata.max.age.ms": 180_000,
    "topic.metadata.refresh.interval.ms": 5_000,
    # librdkafka's default of 10 s makes a client look dead long after its broker is back.
    "reconnect.backoff.max.ms": 500,
}
PRODUCER: dict[str, Any] = {
    "acks": "all",
    "enable.idempotence": True,
    "compression.type": "none",
    "message.max.bytes": 1_000_000,
    "request.timeout.ms": 60_000,
    "linger.ms": 0,
}
CONSUMER: dict[str, Any] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "session.timeout.ms": 30_000,
    "allow.auto.create.topics": False,
}


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A bus (`host:port`), and a file of the authorities that its certificate may come from; none means the system's."""

    bootstrap: str
    authorities: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Connection:
        """Read EVENTS_BOOTSTRAP and, as OpenSSL does, SSL_CERT_FILE.

        Raises:
            SettingError: when EVENTS_BOOTSTRAP is missing or not usable.
        """
        bootstrap = environment.get("EVENTS_BOOTSTRAP", "")
        if not _BOOTSTRAP.fullmatch(bootstrap):
            happened = "The environment variable EVENTS_BOOTSTRAP can't be used."
            allowed = "host:port, as in evh-mlops-forecasting.servicebus.windows.net:9093"
            remedy = "Set EVENTS_BOOTSTRAP from the outputs of the platform stack."
            raise SettingError(happened, given=bootstrap or "nothing", allowed=allowed, remedy=remedy)
        return cls(bootstrap=bootstrap, authorities=environment.get("SSL_CERT_FILE", ""))

    @property
    def scope(self) -> str:
        """The token scope of the Event Hubs namespace."""
        return f"https://{self.bootstrap.rpartition(':')[0]}/.default"

    def settings(self) -> dict[str, Any]:
        """Settings that producers and consumers share."""
        login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "oauth_cb": entra_token(self.scope)}
        # librdkafka as it comes with the Python client has an OpenSSL of its own, which does not read SSL_CERT_FILE.
        trust = {"ssl.ca.location": self.authorities} if self.authorities else {}
        return {"bootstrap.servers": self.bootstrap, **_LIMITS, **login, **trust}


def entra_token(scope: str) -> Callable[[str], tuple[str, float]]:
    """The client's token callback: an Entra token of this process's identity and the second at which it ends."""
    # Who only reads settings should not pay for this import (0.5 s).
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential()

    def token(_: str) -> tuple[str, float]:
        held = credential.get_token(scope)
        return held.token, float(held.expires_on)

    return token
