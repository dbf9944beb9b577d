"""The stacks of this repository: what their programs declare, and what that costs."""

from __future__ import annotations

from contracts.errors import FourPartError
from cost.estimate import Estimate, Resource
from cost.stack_file import priced, stacks
from deployment.declared import declared
from deployment.declared_release import released

IN_EVERY_PLACE = {"qaDigest": "a", "blueDigest": "b", "greenDigest": "c", "handlerDigest": "d", "active": "blue"}
"""A release that holds an image in every place; idle places cost what their parts cost that stay."""

CLOUDS = ("azure-native:", "kubernetes:")
"""What stands before the kinds of real resources; components have the project's own name there."""


class StackUnknownError(FourPartError):
    """There is no stack file of this name."""


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


def resources_of(stack: str) -> list[Resource]:
    """Everything that both programs declare, components left out."""
    programs = (declared(stack), released(stack, **IN_EVERY_PLACE))
    return [
        Resource(type=item.type, name=item.name, inputs=item.inputs)
        for program in programs
        for item in program.resources
        if item.type.startswith(CLOUDS)
    ]
