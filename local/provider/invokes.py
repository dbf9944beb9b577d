"""Functions of the providers that a program may call here."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping

from local.provider.errors import resource_not_found
from local.provider.kinds.azure_devops import found
from local.provider.kinds.kubernetes import CLUSTER
from local.provider.wire import Properties
from local.resources import Resources
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.tokens import SUBSCRIPTION, TENANT


def _client_config(_resources: Resources, _arguments: Properties) -> Properties:
    """Who runs the engine, and where."""
    return {
        "clientId": DEPLOYER_PRINCIPAL.client_id,
        "objectId": DEPLOYER_PRINCIPAL.object_id,
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
    }


def _user_credentials(resources: Resources, arguments: Properties) -> Properties:
    """How a person or an agent enters a cluster: a kubeconfig without a secret, which calls kubelogin.

    Raises:
        ArmError: when there is no such cluster.
    """
    group, name = arguments["resourceGroupName"], arguments["resourceName"]
    found = resources.get(CLUSTER.id_of({"resourceGroupName": group, "resourceName": name}))
    if found is None:
        raise resource_not_found(CLUSTER.id_of({"resourceGroupName": group, "resourceName": name}))
    login = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": ["get-token"]}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{found.properties['fqdn']}:443"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": {"exec": login}}],
    }
    return {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(json.dumps(config).encode()).decode()}]}


type Function = Callable[[Resources, Properties], Properties]
INVOKES: Mapping[str, Function] = {
    "azure-native:authorization:getClientConfig": _client_config,
    "azure-native:containerservice:listManagedClusterUserCredentials": _user_credentials,
    **{f"azuredevops:index/get{name}:get{name}": found for name in ("Project", "GitRepository", "Group")},
}
