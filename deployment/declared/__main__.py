"""`python -m deployment.declared PROJECT STACK CHANGES`: run a program and print what it declared, as JSON.

A process of its own, as under the engine: it leaves no global state behind. The release program gets the platform's outputs on
standard input.
"""

from __future__ import annotations

import asyncio
import gc
import json
import runpy
import sys
from dataclasses import asdict
from typing import Any, override

from pulumi.runtime import configure, mocks, rpc, set_all_config
from pulumi.runtime.stack import run_in_stack

from deployment.declared.clouds import Azure, Cluster
from deployment.declared.model import STACK, Declared, Program
from deployment.declared.programs import FOLDERS, RELEASE, stack_values

MARK = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks a secret."""


class Recorder(mocks.MockMonitor):
    """The mock engine, which also notes what it is asked for."""

    def __init__(self, cloud: mocks.Mocks, program: Program) -> None:
        super().__init__(cloud)
        self._program = program

    @override
    def RegisterResource(self, request: Any) -> Any:
        """Note what is asked for, then answer as the mock engine does."""
        answer = super().RegisterResource(request)
        resource = Declared(
            type=request.type,
            name=request.name,
            urn=answer.urn,
            parent="stack" if request.parent.split("::")[2:3] == [STACK] else request.parent.rpartition("::")[2],
            inputs=_plain(rpc.deserialize_properties(request.object)),
            dependencies=sorted(request.dependencies),
            sources={name: sorted(found.urns) for name, found in request.propertyDependencies.items()},
            ignores=list(request.ignoreChanges),
            protected=request.protect,
        )
        self._program.whole.append(resource)
        return answer

    @override
    def ReadResource(self, request: Any) -> Any:
        """Note what is read and what it answers."""
        answer = super().ReadResource(request)
        read = _plain(rpc.deserialize_properties(answer.properties))
        self._program.whole.append(Declared(type=request.type, name=request.name, urn=answer.urn, inputs=read))
        return answer

    @override
    def RegisterResourceOutputs(self, request: Any) -> Any:
        """Keep the outputs of the stack, not those of its components."""
        if request.urn.split("::")[2] == STACK:
            self._program.outputs.update(rpc.deserialize_properties(request.outputs))
        return super().RegisterResourceOutputs(request)


def _plain(value: Any) -> Any:
    """Values as a policy gets them: secrets in clear."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()} if MARK not in value else _plain(value["value"])
    return [_plain(item) for item in value] if isinstance(value, list) else value


async def _run(project: str, stack: str, config: dict[str, str], recorder: Recorder) -> None:
    settings = mocks.MockSettings(
        monitor=recorder,
        monitor_features=set(recorder.GetDeploymentInfo(None).supportedFeatures),
        engine=mocks.MockEngine(None),
        project=project,
        stack=stack,
        dry_run=False,
        organization=None,
        callbacks=None,
    )
    configure(settings)
    set_all_config(config)
    await run_in_stack(lambda: _run_program(project))


def _run_program(project: str) -> None:
    runpy.run_path(str(FOLDERS[project]), run_name="__main__")


def _main(project: str, stack: str, changes: str) -> None:
    values = {**stack_values(stack, project), **json.loads(changes)}
    config = {f"{project}:{key}": value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    program = Program()
    gc.disable()  # as under the engine: this process ends within seconds
    cloud = Cluster(json.load(sys.stdin)) if project == RELEASE else Azure()
    asyncio.run(_run(project, stack, config, Recorder(cloud, program)))
    json.dump(asdict(program), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
