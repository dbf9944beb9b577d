"""What a job will run: the steps of a published pipeline component, each input bound, all of it checked before any process."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.services.arm.errors import invalid, not_emulated, not_found
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.jobs import inputs as job_inputs, parallel
from local.services.machine_learning.jobs.expressions import from_inputs, upstream

NODE = frozenset(
    {
        "name",
        "display_name",
        "type",
        "inputs",
        "outputs",
        "componentId",
        "computeId",
        "limits",
        "_source",
        "environment_variables",
    }
)
"""Parts of a node that are emulated; another one that is set is refused by name."""
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: its command component and its bound inputs; `upstream` maps an input to the step and output it comes from."""

    name: str
    component: str
    spec: Mapping[str, Any]
    values: Mapping[str, str]
    upstream: Mapping[str, tuple[str, str]]
    compute: str
    timeout: float | None
    variables: Mapping[str, str]

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> Step:
        """A step read back from JSON."""
        pairs = {name: (step, output) for name, (step, output) in item["upstream"].items()}
        fields: dict[str, Any] = {**item, "upstream": pairs}
        return cls(**fields)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of its outputs."""
        return tuple(self.spec.get("outputs") or {})

    @property
    def deterministic(self) -> bool:
        """Whether its outputs follow from its inputs."""
        return bool(self.spec.get("is_deterministic", True))


def steps_of(documents: Documents, component: str, given: Mapping[str, Any], compute: str) -> tuple[Step, ...]:
    """The steps of a pipeline component in an order in which they can run; `compute` is the job's default.

    Raises:
        ArmError: 404 for a missing component, 400 for inputs that do not fit, 501 for what is not emulated.
    """
    pipeline = spec_of(documents, component)
    if pipeline.get("type") != "pipeline":
        raise invalid(f"The component '{component}' is not a pipeline component.")
    values = job_inputs.bound(pipeline.get("inputs") or {}, given)
    steps = {name: _step(documents, name, node, values, compute) for name, node in pipeline["jobs"].items()}
    return _ordered(steps)


def spec_of(documents: Documents, arm_id: str) -> dict[str, Any]:
    """The `componentSpec` of a published component.

    Raises:
        ArmError: 404 ResourceNotFound.
    """
    found = documents.get(arm_id)
    if found is None:
        raise not_found(arm_id)
    return found.properties["componentSpec"]


def _step(documents: Documents, name: str, node: Mapping[str, Any], values: Mapping[str, str], compute: str) -> Step:
    spec = spec_of(documents, node["componentId"])
    if spec.get("type") not in ("command", "parallel"):
        raise not_emulated(f"the {spec.get('type')} component of the step '{name}'")
    known = NODE | parallel.NODE if spec["type"] == "parallel" else NODE
    if extra := sorted(key for key, value in node.items() if key not in known and value):
        raise not_emulated(f"{', '.join(extra)} of the pipeline's step '{name}'")
    if spec["type"] == "parallel":
        spec = parallel.as_command(name, spec, node)
    literals, bound = _bound(name, spec, node.get("inputs") or {}, values)
    return Step(
        name=name,
        component=node["componentId"],
        spec=spec,
        values=literals,
        upstream=bound,
        compute=str(node.get("computeId") or compute),
        timeout=_seconds((node.get("limits") or {}).get("timeout")),
        variables={key: str(value) for key, value in (node.get("environment_variables") or {}).items()},
    )


def _bound(
    step: str, spec: Mapping[str, Any], given: Mapping[str, Any], values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    declared = spec.get("inputs") or {}
    if unknown := sorted(set(given) - set(declared)):
        raise invalid(f"The step '{step}' has no inputs {', '.join(unknown)}.")
    literals: dict[str, str] = {}
    bound: dict[str, tuple[str, str]] = {}
    for name, kind in declared.items():
        raw = _raw(given.get(name))
        if raw is not None and (source := upstream(raw)):
            bound[name] = source
            continue
        value = from_inputs(raw, values) if raw is not None else None
        value = value if value is not None else _default(kind)
        if value is not None:
            literals[name] = _checked(step, name, kind, given.get(name), value)
        elif not kind.get("optional"):
            raise invalid(f"The input '{name}' of the step '{step}' is required and has no value.")
    return literals, bound


def _checked(step: str, name: str, kind: Mapping[str, Any], given: Any, value: str) -> str:
    job_inputs.check_type(f"{step}.{name}", kind, value)
    mode = (given or {}).get("mode") if isinstance(given, dict) else None
    if kind["type"] in job_inputs.FOLDERS and str(mode or kind.get("mode") or "").lower() != "direct":
        raise not_emulated(f"the input '{name}' of the step '{step}' in another mode than direct")
    return value


def _raw(given: Any) -> str | None:
    value = given.get("value", given.get("uri", given.get("path"))) if isinstance(given, dict) else given
    return None if value is None else str(value)


def _default(kind: Mapping[str, Any]) -> str | None:
    return None if kind.get("default") is None else str(kind["default"])


def _seconds(text: str | None) -> float | None:
    if not text:
        return None
    found = _DURATION.fullmatch(text)
    if found is None:
        raise invalid(f"The timeout '{text}' is not a duration in the form of ISO 8601.")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _ordered(steps: Mapping[str, Step]) -> tuple[Step, ...]:
    for step in steps.values():
        for name, (source, output) in step.upstream.items():
            if source not in steps or output not in steps[source].outputs:
                raise invalid(
                    f"The input '{name}' of the step '{step.name}' names the output '{source}.{output}', which is not there."
                )
    needs = {name: {source for source, _ in step.upstream.values()} for name, step in steps.items()}
    try:
        return tuple(steps[name] for name in graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        raise invalid(f"The pipeline's steps wait for each other: {', '.join(error.args[1])}.") from error
