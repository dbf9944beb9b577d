"""How Kafka clients reach the bus: Event Hubs by managed identity, or a broker without login, as the environment says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
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


class Auth(StrEnum):
    """How a client logs in to the bus."""

    ENTRA = "entra"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A bus (`host:port`) and how to log in to it."""

    bootstrap: str
    auth: Auth

    @classmethod
    def of(cls, bootstrap: str, auth: str) -> Connection:
        """Check both values.

        Raises:
            SettingError: when one is not usable.
        """
        if not _BOOTSTRAP.fullmatch(bootstrap):
            allowed = "host:port, as in evh-mlops-forecasting.servicebus.windows.net:9093"
            raise _unusable(name="EVENTS_BOOTSTRAP", given=bootstrap, allowed=allowed)
        if auth not in list(Auth):
            raise _unusable(name="EVENTS_AUTH", given=auth, allowed=" or ".join(Auth))
        return cls(bootstrap=bootstrap, auth=Auth(auth))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Connection:
        """Read EVENTS_BOOTSTRAP and EVENTS_AUTH (default `entra`).

        Raises:
            SettingError: when one is missing or not usable.
        """
        return cls.of(environment.get("EVENTS_BOOTSTRAP", ""), environment.get("EVENTS_AUTH", Auth.ENTRA))

    @property
    def scope(self) -> str:
        """The token scope of the Event Hubs namespace."""
        return f"https://{self.bootstrap.rpartition(':')[0]}/.default"

    def settings(self) -> dict[str, Any]:
        """Settings that producers and consumers share."""
        settings = {"bootstrap.servers": self.bootstrap, **_LIMITS}
        if self.auth is Auth.NONE:
            return settings
        login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "OAUTHBEARER", "oauth_cb": entra_token(self.scope)}
        return {**settings, **login}


def entra_token(scope: str) -> Callable[[str], tuple[str, float]]:
    """The client's token callback: an Entra token of this process's identity and the second at which it ends."""
    # Publishers without login should not pay for this import (0.5 s).
    from azure.identity import DefaultAzureCredential

    credential = DefaultAzureCredential()

    def token(_: str) -> tuple[str, float]:
        held = credential.get_token(scope)
        return held.token, float(held.expires_on)

    return token


def _unusable(*, name: str, given: str, allowed: str) -> SettingError:
    happened = f"The environment variable {name} can't be used."
    remedy = f"Set {name} from the outputs of the platform stack."
    return SettingError(happened, given=given or "nothing", allowed=allowed, remedy=remedy)
