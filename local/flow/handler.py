"""The event handler on this machine: its image built and released by the product's own commands, as a pipeline would."""

from __future__ import annotations

from pathlib import Path

from contracts.names import HANDLER, NAMESPACE
from contracts.outputs import PlatformOutputs
from local.engine.agent import agent_environment
from local.flow.commands import outputs_file, run
from local.progress import Step
from local.services.cloud import Cloud
from local.tokens import DEPLOYER


def state_of(cloud: Cloud) -> Path:
    """Return the handler's durable disk: the claim `state` of its StatefulSet's one pod."""
    return cloud.state / "containers" / "disks" / NAMESPACE / f"state-{HANDLER}-0"


def release_handler(cloud: Cloud, outputs: PlatformOutputs, stack: str, step: Step) -> tuple[str, str]:
    """Build the handler's image unless its content is there, and bring it onto the cluster; its digest and what was decided.

    Raises:
        CommandFailedError: with the text of the command that refused.
    """
    step.detail = "building the handler's image"
    made = run(cloud, "images", [HANDLER, str(outputs_file(cloud, outputs))], identity=DEPLOYER)
    digest = str(made["digest"])
    step.detail = f"bringing {digest[:19]} onto the cluster"
    told = run(
        cloud,
        "rollout",
        [HANDLER, "--stack", stack, "--digest", digest],
        identity=DEPLOYER,
        extra=agent_environment(cloud, stack),
    )
    return digest, str(told["decision"])
