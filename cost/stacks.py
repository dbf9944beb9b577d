"""The stacks of this repository: what their programs declare, and what that costs."""

from __future__ import annotations

from contracts.errors import FourPartError
from cost.estimate import Estimate, Resource
from cost.stack_file import priced, stacks
from deployment.declared.programs import PLATFORM, RELEASE, whole

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
    """Everything that both programs declare, components left out; idle places cost what their parts cost that stay.

    In an order of their own, since a program declares as its futures end.
    """
    found = [
        Resource(type=item.type, name=item.name, inputs=item.inputs)
        for project in (PLATFORM, RELEASE)
        for item in whole(project, stack)
        if item.type.startswith(CLOUDS)
    ]
    return sorted(found, key=lambda resource: (resource.type, resource.name))
