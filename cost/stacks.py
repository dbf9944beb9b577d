"""The stacks of this repository: what they declare, where they are, and what use their files assume."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from contracts.errors import FourPartError
from cost.estimate import Estimate, Resource, estimate
from cost.prices import prices
from cost.usage import KEY, Usage
from deployment.declared import PROJECT, declared
from deployment.declared_release import released

ROOT = Path(__file__).parents[1]
IN_EVERY_PLACE = {"qaDigest": "a", "blueDigest": "b", "greenDigest": "c", "handlerDigest": "d", "active": "blue"}
"""A release that holds an image in every place; idle places cost what their parts cost that stay."""

CLOUDS = ("azure-native:", "kubernetes:")
"""What stands before the kinds of real resources; components have the project's own name there."""


class StackUnknownError(FourPartError):
    """There is no stack file of this name."""


def stacks() -> list[str]:
    """The names of the stack files."""
    return sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))


def estimate_of(stack: str) -> Estimate:
    """What the platform and the release of a stack cost a month.

    Raises:
        StackUnknownError: when there is no stack file of this name.
        SettingRefusedError: when the stack file states no use, or one that can't be.
        ProgramFailedError: when a program does not take its stack file.
    """
    if stack not in stacks():
        raise StackUnknownError(
            "There is no such stack.",
            given=stack,
            allowed=", ".join(stacks()),
            remedy=f"Name one of these with STACK=, or write Pulumi.{stack}.yaml.",
        )
    return priced(stack, resources_of(stack))


def priced(stack: str, resources: Iterable[Resource]) -> Estimate:
    """Price these resources with the region and the use that the stack's file states.

    Raises:
        SettingRefusedError: when the stack file states no use, or one that can't be.
    """
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    usage = Usage.of(config.get(f"{PROJECT}:{KEY}", {}))
    return estimate(stack, config[f"{PROJECT}:location"], resources, usage, prices())


def resources_of(stack: str) -> list[Resource]:
    """Everything that both programs declare, components left out."""
    programs = (declared(stack), released(stack, **IN_EVERY_PLACE))
    return [
        Resource(type=item.type, name=item.name, inputs=item.inputs)
        for program in programs
        for item in program.resources
        if item.type.startswith(CLOUDS)
    ]
