"""What the platform program declares for a stack file: run with the SDK's own mock engine, with no engine, backend or login.

The estimate of costs and the tests read it; what Azure would fill in is made up.
"""

from __future__ import annotations

import asyncio
import gc
import json
import runpy
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, override

import pulumi
import yaml
from pulumi.runtime import configure, mocks, rpc, set_all_config
from pulumi.runtime.stack import run_in_stack

from contracts.errors import FourPartError

ROOT = Path(__file__).parents[1]
PROJECT = "mlops-forecasting"
SUBSCRIPTION = "11111111-0000-4000-8000-000000000000"
TENANT = "22222222-0000-4000-8000-000000000000"
OPENED = json.dumps({"allowedAddresses": ["20.50.1.0/24", "20.60.1.1"]})
"""Changes to a stack file that let people and agents in from two places."""


class ProgramFailedError(FourPartError):
    """A program refused its stack file, or broke."""


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource as the engine is asked for it: type token, name, parent's name, inputs, options."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    dependencies: list[str]
    ignores: list[str]
    protected: bool


@dataclass(kw_only=True)
class Program:
    """Everything that one run declared, and its stack outputs."""

    resources: list[Declared] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)

    def of(self, token: str) -> list[Declared]:
        """Resources of a type such as `storage:BlobContainer`."""
        return [resource for resource in self.resources if resource.type == f"azure-native:{token}"]

    def one(self, token: str) -> Declared:
        """The only resource of a type."""
        (resource,) = self.of(token)
        return resource

    def azure(self) -> Iterator[Declared]:
        """Resources of Azure, without components."""
        return (resource for resource in self.resources if resource.type.startswith("azure-native:"))


FILLED_IN: dict[str, dict[str, Any]] = {
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
    "configName",
    "containerName",
    "computeName",
    "consumerGroupName",
    "eventHubName",
    "eventSubscriptionName",
)


class Azure(pulumi.runtime.Mocks):
    """Gives the outputs that Azure would fill in."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """An ARM-like id, the inputs, a name, and what the service adds."""
        inputs: dict[str, Any] = dict(args.inputs)
        name = next((inputs[key] for key in (*CHILD_NAME_INPUTS, *NAME_INPUTS) if key in inputs), args.name)
        added: dict[str, Any] = {"name": name, **FILLED_IN.get(args.typ, {})}
        if "userAssignedIdentities" in inputs.get("identity", {}):
            identities = {key: {"principalId": "p", "clientId": "c"} for key in inputs["identity"]["userAssignedIdentities"]}
            added["identity"] = {**inputs["identity"], "userAssignedIdentities": identities}
        if args.typ == "azure-native:managedidentity:UserAssignedIdentity":
            added |= {"clientId": f"client-{args.name}", "principalId": f"principal-{args.name}"}
        if args.typ in WITH_OWN_IDENTITY:
            added["identity"] = {**inputs["identity"], "principalId": f"principal-{args.name}", "tenantId": TENANT}
        if args.typ == "azure-native:keyvault:Vault":
            added["properties"] = {**inputs["properties"], "vaultUri": "https://kv.vault.azure.net/"}
        return f"/{args.typ}/{name}", {**inputs, **added}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Only the question who runs the engine is answered."""
        if not args.token.endswith(":authorization:getClientConfig"):
            msg = f"the program asks {args.token}"
            raise NotImplementedError(msg)
        return {"clientId": "c", "objectId": "o", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}, []


class Recorder(mocks.MockMonitor):
    """The mock engine, which also notes parents, dependencies and the stack's outputs."""

    def __init__(self, program: Program) -> None:
        super().__init__(Azure())
        self._program = program

    @override
    def RegisterResource(self, request: Any) -> Any:
        """Note what is asked for, then answer as the mock engine does."""
        answer = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            resource = Declared(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                parent="stack"
                if request.parent.split("::")[2:3] == ["pulumi:pulumi:Stack"]
                else request.parent.rpartition("::")[2],
                inputs=rpc.deserialize_properties(request.object),
                dependencies=sorted(request.dependencies),
                ignores=list(request.ignoreChanges),
                protected=request.protect,
            )
            self._program.resources.append(resource)
        return answer

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Keep the outputs of the stack."""
        if "pulumi:pulumi:Stack" in request.urn:
            self._program.outputs.update(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)


def stack_values(stack: str) -> dict[str, Any]:
    """The values of a stack file, keys without the project's name."""
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


@cache
def declared(stack: str, changes: str = "{}") -> Program:
    """What the program declares for a stack file, with some values changed (JSON).

    It runs in a process of its own, as under the engine, and so leaves no global state behind.

    Raises:
        ProgramFailedError: with what the program said.
    """
    return recorded(["deployment.declared", stack, changes])


def recorded(arguments: Sequence[str], given: str = "") -> Program:
    """What a module of this package prints of the program that it ran.

    Raises:
        ProgramFailedError: with what the program said.
    """
    done = subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments], cwd=ROOT, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise refused(done.stderr)
    answer = json.loads(done.stdout)
    return Program(resources=[Declared(**resource) for resource in answer["resources"]], outputs=answer["outputs"])


def refused(said: str) -> ProgramFailedError:
    """The error of a program that ended with what it said."""
    return ProgramFailedError(
        "The program did not run to its end.",
        given=said.strip()[-3000:],
        allowed="a stack file that the program takes",
        remedy="Change what the last line names.",
    )


async def _run(stack: str, config: dict[str, str], program: Program) -> None:
    configure(mock_settings(PROJECT, stack, Recorder(program)))
    set_all_config(config)
    await run_in_stack(_run_program)


def mock_settings(project: str, stack: str, monitor: mocks.MockMonitor) -> mocks.MockSettings:
    """A run of a project's program that asks a mock engine."""
    return mocks.MockSettings(
        monitor=monitor,
        monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(None),
        project=project,
        stack=stack,
        dry_run=False,
        organization=None,
        callbacks=None,
    )


def _run_program() -> None:
    runpy.run_path(str(ROOT / "infra"), run_name="__main__")


def _main(stack: str, changes: str) -> None:
    values = {**stack_values(stack), **json.loads(changes)}
    config = {f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    program = Program()
    gc.disable()  # as under the engine: this process ends within seconds
    asyncio.run(_run(stack, config, program))
    json.dump(asdict(program), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
