"""What the release program declares, on the outputs that the platform program really has; run as `deployment.declared` is."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import runpy
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, override

import pulumi
import yaml
from pulumi.runtime import configure, mocks, rpc, set_all_config
from pulumi.runtime.stack import run_in_stack

from deployment.declared import Declared, Program, Recorder, declared, mock_settings, recorded

ROOT = Path(__file__).parents[1]
PROJECT = "mlops-forecasting-release"
DIGESTS = {letter: f"sha256:{letter * 64}" for letter in "abcdef"}
KUBECONFIG = "apiVersion: v1\nkind: Config\n"


class Cloud(pulumi.runtime.Mocks):
    """Gives the outputs that Azure and the cluster would fill in."""

    def __init__(self, platform: dict[str, Any]) -> None:
        self._platform = platform

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """The inputs, and addresses."""
        inputs: dict[str, Any] = dict(args.inputs)
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

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The cluster's kubeconfig, asked for by the platform's names."""
        _expect(args.token.rpartition(":")[2], "listManagedClusterUserCredentials")
        wanted = {"resourceGroupName": self._platform["resource_group"], "resourceName": self._platform["kubernetes_name"]}
        _expect(args.args, {**wanted, "format": "exec"})
        return {"kubeconfigs": [{"name": "user", "value": base64.b64encode(KUBECONFIG.encode()).decode()}]}, []


def _expect(asked: object, known: object) -> None:
    if asked != known:
        msg = f"the program asks {asked}, and only {known} is known here"
        raise NotImplementedError(msg)


class ReleaseRecorder(Recorder):
    """The recorder of the platform's tests, on this cloud."""

    def __init__(self, program: Program, platform: dict[str, Any]) -> None:
        mocks.MockMonitor.__init__(self, Cloud(platform))
        self._program = program

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Keep the outputs of the stack, not those of its components."""
        if request.urn.split("::")[2] == "pulumi:pulumi:Stack":
            self._program.outputs.update(rpc.deserialize_properties(request.outputs))
        return mocks.MockMonitor.RegisterResourceOutputs(self, request)


def stack_values(stack: str) -> dict[str, Any]:
    """The values of a stack file, keys without the project's name."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "release" / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


def released(stack: str = "dev", **changes: Any) -> Program:
    """What the program declares with these digests or settings; one letter stands for a digest of its own."""
    given = {key: DIGESTS.get(value, value) if isinstance(value, str) else value for key, value in changes.items()}
    return _released(stack, json.dumps(given))


@cache
def _released(stack: str, changes: str) -> Program:
    return recorded(["deployment.declared_release", stack, changes], json.dumps(declared(stack).outputs))


def kubernetes(program: Program, kind: str) -> dict[str, Declared]:
    """Kubernetes objects of a kind such as `apps/v1:Deployment`, by their own name."""
    found = [item for item in program.resources if item.type == f"kubernetes:{kind}"]
    return {item.inputs["metadata"]["name"]: item for item in found}


async def _run(stack: str, config: dict[str, str], program: Program, platform: dict[str, Any]) -> None:
    configure(mock_settings(PROJECT, stack, ReleaseRecorder(program, platform)))
    set_all_config(config)
    await run_in_stack(_run_program)


def _run_program() -> None:
    runpy.run_path(str(ROOT / "release"), run_name="__main__")


def _main(stack: str, changes: str) -> None:
    values = {**stack_values(stack), **json.loads(changes)}
    config = {f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    program = Program()
    gc.disable()  # as under the engine: this process ends within seconds
    asyncio.run(_run(stack, config, program, json.load(sys.stdin)))
    json.dump(asdict(program), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
