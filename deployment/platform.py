"""The platform project's stacks, judged by the policy pack with the levels of the stack."""

from __future__ import annotations

from pathlib import Path

from deployment.pulumi_stack import Policies, PulumiStack

ROOT = Path(__file__).parents[1]


def policies(stack: str) -> Policies:
    """The pack with the levels of a stack; platform and release are judged by the same."""
    rules = ROOT / "policy"
    return Policies(pack=rules, levels=rules / f"config.{stack}.json")


def platform_stack(stack: str, root: Path = ROOT) -> PulumiStack:
    """The platform stack of this name."""
    return PulumiStack(stack=stack, folder=root, told="platform stack", policies=policies(stack))
