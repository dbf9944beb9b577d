"""The outputs that Azure and the cluster would fill in, made up for programs that run without them."""

from __future__ import annotations

import base64
from typing import Any, override

from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks

SUBSCRIPTION = "11111111-0000-4000-8000-000000000000"
TENANT = "22222222-0000-4000-8000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
KUBECONFIG = "apiVersion: v1\nkind: Config\n"
type Outputs = dict[str, Any]
type CallAnswer = tuple[dict[str, Any], list[tuple[str, str]]]

FILLED_IN: dict[str, Outputs] = {
    "azure-native:network:PublicIPAddress": {"ipAddress": "20.70.1.1"},
    "azure-native:databricks:Workspace": {"workspaceUrl": "adb-1.2.azuredatabricks.net"},
    "azure-native:eventhub:Namespace": {"serviceBusEndpoint": "https://evh.servicebus.windows.net:443/"},
    "azure-native:containerregistry:Registry": {"loginServer": "cr.azurecr.io"},
    "azure-native:machinelearningservices:Workspace": {"mlFlowTrackingUri": "azureml://westeurope.api.azureml.ms/mlflow/v1.0"},
    "azure-native:containerservice:ManagedCluster": {
        "identityProfile": {"kubeletidentity": {"objectId": "kubelet"}},
        "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://oidc.example/"},
    },
}
WITH_OWN_IDENTITY = {
    "azure-native:eventgrid:SystemTopic",
    "azure-native:databricks:AccessConnector",
    "azure-native:dashboard:Grafana",
}
NAME_INPUTS = (
    "accountName",
    "dashboardName",
    "connectorName",
    "namespaceName",
    "registryName",
    "resourceName",
    "systemTopicName",
    "vaultName",
    "workspaceName",
    "virtualNetworkName",
    "networkSecurityGroupName",
    "privateEndpointName",
    "privateZoneName",
    "azureMonitorWorkspaceName",
    "actionGroupName",
    "resourceGroupName",
)
CHILD_NAME_INPUTS = (
    "virtualNetworkLinkName",
    "definitionName",
    "configName",
    "containerName",
    "computeName",
    "consumerGroupName",
    "eventHubName",
    "eventSubscriptionName",
)


def id_of(kind: str, name: str) -> str:
    """An id in Azure's form of a kind such as `storage:BlobContainer`."""
    return f"{GROUP}/providers/Microsoft.{kind.replace(':', '/')}/{name}"


class Azure(Mocks):
    """What the platform program gets from Azure."""

    @override
    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Outputs]:
        """An id in Azure's form, the inputs, a name, and what the service adds."""
        inputs: Outputs = dict(args.inputs)
        name = next((inputs[key] for key in (*CHILD_NAME_INPUTS, *NAME_INPUTS) if key in inputs), args.name)
        added: Outputs = {"name": name, **FILLED_IN.get(args.typ, {})}
        if "userAssignedIdentities" in inputs.get("identity", {}):
            identities = {key: {"principalId": "p", "clientId": "c"} for key in inputs["identity"]["userAssignedIdentities"]}
            added["identity"] = {**inputs["identity"], "userAssignedIdentities": identities}
        if args.typ == "azure-native:managedidentity:UserAssignedIdentity":
            added |= {"clientId": f"client-{args.name}", "principalId": f"principal-{args.name}"}
        if args.typ in WITH_OWN_IDENTITY:
            added["identity"] = {**inputs["identity"], "principalId": f"principal-{args.name}", "tenantId": TENANT}
        if args.typ == "azure-native:keyvault:Vault":
            added["properties"] = {**inputs["properties"], "vaultUri": "https://kv.vault.azure.net/"}
        return id_of(args.typ.removeprefix("azure-native:"), name), {**inputs, **added}

    @override
    def call(self, args: MockCallArgs) -> CallAnswer:
        """Only the question who runs the engine is answered."""
        _expect(args.token.partition(":")[2], "authorization:getClientConfig")
        return {"clientId": "c", "objectId": "o", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}, []


class Cluster(Mocks):
    """What the release program gets: the platform's outputs, addresses, the cluster's kubeconfig."""

    def __init__(self, platform: Outputs) -> None:
        self._platform = platform

    @override
    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Outputs]:
        """The inputs, and addresses."""
        inputs: Outputs = dict(args.inputs)
        if args.typ == "pulumi:pulumi:StackReference":
            _expect(args.name, f"organization/mlops-forecasting/{self._platform['stack']}")
            return args.name, {"name": args.name, "outputs": self._platform}
        if args.typ == "azure-native:containerinstance:ContainerGroup":
            inputs["ipAddress"] = {**inputs["ipAddress"], "ip": "20.1.1.1"}
            identities = {key: {"principalId": "p", "clientId": "c"} for key in inputs["identity"]["userAssignedIdentities"]}
            inputs["identity"] = {**inputs["identity"], "userAssignedIdentities": identities}
        if args.typ == "kubernetes:core/v1:Service":
            ends = {"scoring": "2", "scoring-blue": "3", "scoring-green": "4"}
            address = {"ip": f"20.1.1.{ends[inputs['metadata']['name']]}"}
            inputs["status"] = {"loadBalancer": {"ingress": [address]}}
        return f"id-{args.name}", inputs

    @override
    def call(self, args: MockCallArgs) -> CallAnswer:
        """The cluster's kubeconfig, asked for by the platform's names."""
        _expect(args.token.rpartition(":")[2], "listManagedClusterUserCredentials")
        wanted = {"resourceGroupName": self._platform["resource_group"], "resourceName": self._platform["kubernetes_name"]}
        _expect(args.args, {**wanted, "format": "exec"})
        return {"kubeconfigs": [{"name": "user", "value": base64.b64encode(KUBECONFIG.encode()).decode()}]}, []


def _expect(asked: object, known: object) -> None:
    if asked != known:
        msg = f"the program asks {asked}, and only {known} is known here"
        raise NotImplementedError(msg)
