"""How the local cloud's own Kafka clients log in: with its own key, or as a principal that a service acts for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.endpoints import Endpoints
from local.services.cloud import Cloud
from local.tokens import Principal, key

AUDIENCE = "https://eventhubs.azure.net/"


def own_login(state: Path) -> dict[str, Any]:
    """Settings of a client that no role is asked of: Resource Manager's, which makes topics, and observers of the bus.

    The key is the stack's, as a namespace has one besides its roles; no workload is given it.
    """
    password = key(state / "eventhubs.key")
    return {**_way(state), "sasl.mechanism": "PLAIN", "sasl.username": "local-cloud", "sasl.password": password}


def login_of(cloud: Cloud, principal: Principal) -> Mapping[str, Any]:
    """Settings of a client that a service of the local cloud runs as a principal."""
    return {
        **_way(cloud.state),
        "sasl.mechanism": "OAUTHBEARER",
        "oauth_cb": lambda _: cloud.tokens.issue(principal, AUDIENCE),
    }


def _way(state: Path) -> dict[str, Any]:
    authority = str(state / "tls" / "ca.pem")
    bootstrap = Endpoints.of(state).bootstrap
    return {"bootstrap.servers": bootstrap, "security.protocol": "SASL_SSL", "ssl.ca.location": authority, "log_level": 0}
