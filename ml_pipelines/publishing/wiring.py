"""Checks how a pipeline's steps are bound to its inputs and to each other; Azure ML finds these faults only in a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Never

from contracts.errors import FourPartError
from ml_pipelines.publishing import literals
from ml_pipelines.publishing.component_files import Port, Step

FROM_PIPELINE = re.compile(r"\$\{\{parent\.inputs\.(\w+)\}\}")
FROM_STEP = re.compile(r"\$\{\{parent\.jobs\.(\w+)\.outputs\.(\w+)\}\}")

type Ports = Mapping[str, Port]


class GraphRefusedError(FourPartError):
    """A pipeline whose steps would not get what they need."""


def check_wiring(pipeline: Mapping[str, Any], steps: Mapping[str, Step]) -> None:
    """Refuse a pipeline document that leaves an input unbound or binds it to something that does not fit.

    Raises:
        GraphRefusedError: naming the first fault.
    """
    ports = _pipeline_ports(pipeline)
    _check_steps(pipeline, steps)
    bound: set[str] = set()
    for name, node in pipeline["jobs"].items():
        given = node.get("inputs") or {}
        _check_names(name, given, steps[name])
        for key, value in _values(given):
            if value is not None:
                _check_value(f"{name}.{key}", value, steps[name].inputs[key], ports, steps)
                bound.update(FROM_PIPELINE.findall(str(value)))
    if unused := sorted(ports.keys() - bound):
        _refuse("An input of the pipeline is bound to no step.", given=", ".join(unused), allowed=", ".join(sorted(bound)))


def _pipeline_ports(pipeline: Mapping[str, Any]) -> dict[str, Port]:
    known = Port.__dataclass_fields__.keys()
    inputs = pipeline.get("inputs") or {}
    ports = {name: Port(**{key: value for key, value in port.items() if key in known}) for name, port in inputs.items()}
    for name, port in ports.items():
        if port.default is not None and (wrong := literals.fault(port.type, port.default, port.min, port.max)):
            _refuse(f"The default of the pipeline's input {name} does not fit its type.", given=port.default, allowed=wrong)
    return ports


def _check_steps(pipeline: Mapping[str, Any], steps: Mapping[str, Step]) -> None:
    if pipeline["jobs"].keys() != steps.keys():
        missing, more = sorted(steps.keys() - pipeline["jobs"].keys()), sorted(pipeline["jobs"].keys() - steps.keys())
        given = f"without {', '.join(missing) or 'none'}, beside them {', '.join(more) or 'none'}"
        _refuse("The pipeline does not have one step for each component file.", given=given, allowed=", ".join(sorted(steps)))


def _check_names(name: str, given: Mapping[str, Any], step: Step) -> None:
    allowed = ", ".join(step.inputs)
    if unknown := sorted(given.keys() - step.inputs.keys()):
        _refuse(f"The step {name} is given inputs that it does not have.", given=", ".join(unknown), allowed=allowed)
    there = {key for key, value in _values(given) if value is not None}
    if unbound := sorted(key for key, port in step.inputs.items() if port.required and key not in there):
        _refuse(f"The step {name} has inputs that nothing is bound to.", given=", ".join(unbound), allowed=allowed)


def _values(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Inputs of a node; a binding stands under `path`, a literal stands for itself."""
    for key, value in given.items():
        yield key, value.get("path") if isinstance(value, dict) else value


def _check_value(place: str, value: Any, port: Port, ports: Ports, steps: Mapping[str, Step]) -> None:
    text = str(value)
    if found := FROM_PIPELINE.fullmatch(text):
        _check_pipeline_input(place, found[1], port, ports)
    elif found := FROM_STEP.fullmatch(text):
        outputs = steps[found[1]].outputs if found[1] in steps else {}
        _check_source(place, f"{found[1]}.outputs.{found[2]}", outputs.get(found[2]), port)
    elif wrong := literals.fault(port.type, value, port.min, port.max):
        _refuse(f"The input {place} is given a value that does not fit.", given=value, allowed=wrong)


def _check_pipeline_input(place: str, name: str, port: Port, ports: Ports) -> None:
    _check_source(place, f"inputs.{name}", ports.get(name), port)
    if port.required and not ports[name].required and ports[name].default is None:
        _refuse(
            f"The input {place} is required, and bound to an input of the pipeline that may be absent.",
            given=f"inputs.{name}: optional",
            allowed="a required input, or one with a default",
        )


def _check_source(place: str, name: str, source: Port | None, port: Port) -> None:
    if source is None or source.type != port.type:
        given = f"{name}: {source.type if source else 'absent'}"
        _refuse(f"The input {place} is bound to what does not fit.", given=given, allowed=f"something of type {port.type}")


def _refuse(happened: str, *, given: object, allowed: str) -> Never:
    raise GraphRefusedError(happened, given=given, allowed=allowed, remedy="Correct ml_pipelines/graph.py or the component file.")
