"""Functions of azure-native that a program may call here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from local.provider.wire import Properties
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.tokens import SUBSCRIPTION, TENANT


def _client_config() -> Properties:
    """Who runs the engine, and where."""
    return {
        "clientId": DEPLOYER_PRINCIPAL.client_id,
        "objectId": DEPLOYER_PRINCIPAL.object_id,
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
    }


INVOKES: Mapping[str, Callable[[], Properties]] = {"azure-native:authorization:getClientConfig": _client_config}
