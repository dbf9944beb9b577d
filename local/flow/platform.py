"""The platform applied and destroyed by the engine, judged by the policy pack, its progress shown by resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.outputs import PlatformOutputs
from local.engine.build import Engine
from local.engine.events import Outcome, ResourceEvent
from local.engine.last_preview import LastPreview
from local.engine.recover import recover
from local.engine.runner import PulumiEngine
from local.lifecycle import ROOT
from local.progress import Item, State, Step
from local.report.content import POLICIES
from local.services.cloud import Cloud

SOURCES = ("Pulumi.yaml", "uv.lock", "contracts", "infra", "local", "policy")
"""What the platform is made of and judged by, besides its stack's file: program, packages, provider, rules."""
UNCHANGED = Outcome(counts={}, seconds=0.0)


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What an `up` did: its counts by operation, the resources that stand, and the stack's outputs."""

    outcome: Outcome
    resources: int
    outputs: PlatformOutputs

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.outcome.empty:
            return f"no change, {self.resources} resources"
        changes = ", ".join(
            f"{count} {operation}" for operation, count in sorted(self.outcome.counts.items()) if operation != "same"
        )
        return f"{changes}; {self.resources} resources"


def engine_of(engine: Engine, cloud: Cloud, stack: str) -> PulumiEngine:
    """Return the engine on this stack's platform project."""
    return PulumiEngine.of(engine, state=cloud.state, project=ROOT, stack=stack, provider_port=cloud.endpoints.provider)


def apply(engine: Engine, cloud: Cloud, stack: str, step: Step) -> Applied:
    """Preview with the policies; where there is something to change, apply it, judged again resource by resource.

    While nothing that the last preview depended on has changed, there is no other.
    """
    pulumi = engine_of(engine, cloud, stack)
    recover(pulumi)
    pulumi.init()
    last = LastPreview.of(pulumi, (ROOT / name for name in SOURCES))
    outcome = UNCHANGED if (cloud.state / POLICIES).exists() and last.holds() else _changed(pulumi, cloud.state, step)
    last.keep()
    applied = Applied(outcome=outcome, resources=len(cloud.resources.all()), outputs=PlatformOutputs.of(pulumi.outputs()))
    if outcome.empty:
        step.skip(applied.summary)
    step.detail = applied.summary
    return applied


def _changed(pulumi: PulumiEngine, state: Path, step: Step) -> Outcome:
    """What the engine found to do and has done, and what the policies said of it."""
    rules = ROOT / "policy"
    config = rules / f"config.{pulumi.workspace.stack}.json"
    step.detail = "preview with policies"
    judged: list[ResourceEvent] = []
    outcome = pulumi.preview(policy_pack=rules, policy_config=config, on_event=judged.append)
    (state / POLICIES).write_text(json.dumps(findings(judged, json.loads(config.read_text())), indent=2) + "\n")
    if outcome.empty:
        return outcome
    return pulumi.up(policy_pack=rules, policy_config=config, on_event=shown(step))


def findings(judged: Iterable[ResourceEvent], levels: Mapping[str, Any]) -> dict[str, Any]:
    """What the policies said in a preview that passed: rules with their levels, resources judged, advisories in order.

    A mandatory rule that is broken ends the preview, so there is none to tell of.
    """
    events = list(judged)
    told = [event for event in events if event.state == "warning"]
    return {
        "rules": {rule: level if isinstance(level, str) else level["enforcementLevel"] for rule, level in levels.items()},
        "resources": len({event.urn for event in events if event.state == "running"}),
        "advisories": [{"resource": event.name, "message": event.detail} for event in told],
    }


def outputs_of(engine: Engine, cloud: Cloud, stack: str) -> PlatformOutputs:
    """Read the outputs of a platform that was applied before."""
    pulumi = engine_of(engine, cloud, stack)
    pulumi.init()
    return PlatformOutputs.of(pulumi.outputs())


def standing(engine: Engine, cloud: Cloud, stack: str) -> Applied:
    """The platform as it stands, unchanged."""
    return Applied(outcome=UNCHANGED, resources=len(cloud.resources.all()), outputs=outputs_of(engine, cloud, stack))


def destroy(engine: Engine, cloud: Cloud, stack: str, step: Step) -> str:
    """Destroy every resource of the stack, protected ones too, and say how many went."""
    pulumi = engine_of(engine, cloud, stack)
    recover(pulumi)
    pulumi.init()
    pulumi.query("state", "unprotect", "--all", "--yes", "--stack", stack)
    outcome = pulumi.destroy(on_event=shown(step))
    left = len(cloud.resources.all())
    return f"{outcome.counts.get('delete', 0)} resources deleted, {left} left"


STATES = {"running": State.RUNNING, "same": State.SKIPPED, "failed": State.FAILED, "warning": State.WARNING}


def shown(step: Step) -> Callable[[ResourceEvent], None]:
    """Tell a step what the engine does, resource by resource."""
    over: set[str] = set()

    def show(event: ResourceEvent) -> None:
        state = STATES.get(event.state, State.DONE)
        kind = event.type.rpartition(":")[2]
        detail = event.detail or (kind if state is State.RUNNING else f"{kind} {event.state}")
        step.tell(Item(key=event.urn, name=event.name, state=state, seconds=event.seconds, detail=detail))
        if state is not State.RUNNING:
            over.add(event.urn)
            step.detail = f"{len(over)} resources, {event.name} {event.state}"

    return show
