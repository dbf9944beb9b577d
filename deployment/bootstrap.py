"""`make bootstrap`: the foundation of a stack; its own state lies where it makes the place for it.

The first time there is no such place yet: the engine writes beside the program, and the state moves as soon as it can. A run that
was stopped in between goes on from there. Run again once there is a platform, it lets the platform's agents in to the state, and makes
its event handler a user of Azure DevOps: whoever bootstraps may add users, and pipelines may not.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace
from typing import Any

from pulumi.automation import errors

from contracts.names import STATE, foundation_names
from deployment.platform import ROOT, platform_stack
from deployment.progress import told
from deployment.pulumi_stack import SECRETS_PROVIDER, EngineFailedError, PulumiStack

FOLDER = ROOT / "foundation"
PROJECT = "mlops-forecasting-foundation"
BACKEND, PASSPHRASE = "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"


def bootstrap(stack: str) -> dict[str, Any]:
    """Make or change the foundation; the answer holds the variables that the next commands read.

    Raises:
        EngineFailedError: with what the engine said; the same command goes on from there.
        EngineBusyError: when another engine holds the stack.
        StackUnknownError: when there is no stack file.
    """
    # The foundation holds no secret, so nothing is lost with an empty passphrase; its key could not be the one it makes.
    beside = PulumiStack(stack=stack, folder=FOLDER, told="foundation", environment={PASSPHRASE: ""})
    place = FOLDER / ".first" / stack
    first = replace(beside, environment={PASSPHRASE: "", BACKEND: place.as_uri()})
    there = replace(beside, environment={PASSPHRASE: "", BACKEND: _backend(beside)})
    if place.exists() or not _stands(there):
        place.mkdir(parents=True, exist_ok=True)
        outputs = _apply(first)
        with told("state") as journal:
            _move(first, there)
            shutil.rmtree(place)
            with contextlib.suppress(OSError):  # another stack is under way, too
                place.parent.rmdir()
            journal["told"] = f"moved to {outputs['pulumiBackend']}"
    else:
        found = _platform(stack, _backend(beside))
        outputs = _apply(replace(there, config={f"{PROJECT}:{key}": value for key, value in found.items()}))
    return {BACKEND: outputs["pulumiBackend"], SECRETS_PROVIDER: outputs["pulumiSecretsProvider"]}


def _platform(stack: str, backend: str) -> dict[str, str]:
    """What the foundation has to know of the platform: `handler`, the object id of its event handler, and `agents`, their subnet."""
    with told("agents") as journal:
        outputs = replace(platform_stack(stack), environment={BACKEND: backend}).outputs() or {}
        handler = str(outputs.get("identities", {}).get("handler", {}).get("principal_id", ""))
        agents = str(outputs.get("agents_subnet_id", ""))
        none = "no platform yet: run this again after the first `make deploy`"
        journal["told"] = f"{agents.rpartition('/')[2]} may reach the state, {handler} may start releases" if handler else none
    return {"handler": handler, "agents": agents}


def _apply(stack: PulumiStack) -> dict[str, Any]:
    with told("foundation") as journal:
        if stack.outputs() is None:
            stack.create()
        outputs = stack.up()
        journal["told"] = str(outputs["pulumiBackend"])
    return outputs


def _move(first: PulumiStack, there: PulumiStack) -> None:
    try:
        first.moved_to(there)
    except (errors.CommandError, EngineFailedError) as error:
        said = error.given if isinstance(error, EngineFailedError) else str(error)
        raise EngineFailedError(
            "The foundation stands, but its state could not be moved there.",
            given=said.strip().splitlines()[-1],
            allowed=f"writing to {there.environment[BACKEND]}, which needs your address in `allowedAddresses`",
            remedy="Roles take up to ten minutes to hold: wait, then run the same command again.",
        ) from error


def _backend(stack: PulumiStack) -> str:
    config = stack.settings()["config"]
    names = foundation_names(str(config[f"{PROJECT}:workload"]), str(config[f"{PROJECT}:suffix"]))
    return f"azblob://{STATE}?storage_account={names.state_account}"


def _stands(stack: PulumiStack) -> bool:
    """Whether the backend answers and holds the stack; one that does not answer was never made."""
    try:
        return stack.outputs() is not None
    except EngineFailedError:
        return False
