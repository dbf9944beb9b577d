"""What the platform and the release declare, as the engine would hand it to the pack: inputs, options, dependencies.

Both run with the SDK's mock engine (deployment.declared), each in a process of its own.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import runpy
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, override

import pulumi
import yaml
from pulumi.runtime import configure, mocks, rpc, set_all_config
from pulumi.runtime.stack import run_in_stack

from deployment import declared as platform

ROOT = Path(__file__).parents[2]
PLATFORM, RELEASE = "mlops-forecasting", "mlops-forecasting-release"
FOLDERS = {PLATFORM: ROOT / "infra", RELEASE: ROOT / "release"}
FILES = {PLATFORM: ROOT, RELEASE: ROOT / "release"}
MARK = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks a secret."""
DIGEST = "sha256:" + "0123456789abcdef" * 4
DIGESTS = {f"{name}Digest": DIGEST for name in ("qa", "blue", "green", "handler")} | {"active": "blue"}


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """One resource: kind, name, URN, inputs, and the URNs of the resources that each input comes from."""

    kind: str
    name: str
    urn: str
    inputs: dict[str, Any]
    dependencies: dict[str, list[str]]
    protect: bool


@cache
def program(project: str, stack: str) -> tuple[Declaration, ...]:
    """What the program declares for the stack file as it is; a release holds an image in every place.

    Raises:
        ProgramFailedError: with what the program said.
    """
    command = [sys.executable, "-m", "deployment.judged.programs", project, stack]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
    if done.returncode:
        raise platform.refused(done.stderr)
    return tuple(Declaration(**row) for row in json.loads(done.stdout))


class Answers(platform.Azure):
    """What Azure fills in, and the outputs of the platform where a release asks for them."""

    def __init__(self, outputs: dict[str, Any]) -> None:
        self._outputs = outputs

    @override
    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**args.inputs, "outputs": self._outputs}
        identity, outputs = super().new_resource(args)
        kind = args.typ.removeprefix("azure-native:").replace(":", "/")
        group = f"/subscriptions/{platform.SUBSCRIPTION}/resourceGroups/rg"
        return f"{group}/providers/Microsoft.{kind}/{outputs.get('name', identity)}", outputs

    @override
    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token.endswith(":listManagedClusterUserCredentials"):
            return {"kubeconfigs": [{"name": "c", "value": base64.b64encode(b"{}").decode()}]}, []
        return super().call(args)


class Recorder(mocks.MockMonitor):
    """The mock engine, which also notes what it is asked for."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(answers)
        self.noted: list[Declaration] = []

    @override
    def RegisterResource(self, request: Any) -> Any:
        answer = super().RegisterResource(request)
        found = request.propertyDependencies.items()
        inputs = rpc.deserialize_properties(request.object)
        self._note(request, answer.urn, inputs, {name: sorted(given.urns) for name, given in found})
        return answer

    @override
    def ReadResource(self, request: Any) -> Any:
        answer = super().ReadResource(request)
        self._note(request, answer.urn, rpc.deserialize_properties(answer.properties), {})
        return answer

    def _note(self, request: Any, urn: str, inputs: dict[str, Any], dependencies: dict[str, list[str]]) -> None:
        self.noted.append(
            Declaration(
                kind=request.type,
                name=request.name,
                urn=urn,
                inputs=_plain(inputs),
                dependencies=dependencies,
                protect=bool(getattr(request, "protect", False)),
            )
        )


def _plain(value: Any) -> Any:
    """Values as a policy gets them: secrets in clear."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()} if MARK not in value else _plain(value["value"])
    return [_plain(item) for item in value] if isinstance(value, list) else value


async def _run(project: str, stack: str, recorder: Recorder, config: dict[str, str]) -> None:
    configure(platform.mock_settings(project, stack, recorder))
    set_all_config(config)
    await run_in_stack(lambda: _run_program(FOLDERS[project]))


def _run_program(folder: Path) -> None:
    runpy.run_path(str(folder), run_name="__main__")


def _main(project: str, stack: str) -> None:
    values = yaml.safe_load((FILES[project] / f"Pulumi.{stack}.yaml").read_text())["config"]
    values |= {f"{project}:{key}": value for key, value in DIGESTS.items()} if project == RELEASE else {}
    config = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    gc.disable()  # as under the engine: this process ends within seconds
    recorder = Recorder(Answers(platform.declared(stack).outputs if project == RELEASE else {}))
    asyncio.run(_run(project, stack, recorder, config))
    json.dump([asdict(row) for row in recorder.noted], sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
