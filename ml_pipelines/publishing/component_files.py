"""Reads the component files and refuses what Azure ML would notice only when a step starts, or never."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never

import yaml

from contracts.errors import FourPartError
from ml_pipelines.publishing import literals

COMPONENTS = Path(__file__).parents[1] / "components"
ENVIRONMENT = "azureml:training@latest"
"""What a file names as its environment; publishing puts the exact version in its place."""
COMMON = frozenset({"$schema", "type", "name", "display_name", "description", "is_deterministic", "inputs", "outputs"})
KEYS = {
    "command": COMMON | {"environment", "command"},
    "parallel": COMMON
    | {"input_data", "mini_batch_size", "mini_batch_error_threshold", "max_concurrency_per_instance", "retry_settings", "task"},
}
"""What a file holds, by its type."""
INPUT_KEYS = frozenset({"type", "mode", "description", "optional", "default", "min", "max"})
OUTPUT_KEYS = frozenset({"type", "description"})


class ComponentRefusedError(FourPartError):
    """A component file that would be published wrong."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """One input or output of a step."""

    type: str
    mode: str = ""
    description: str = ""
    optional: bool = False
    default: Any = None
    min: Any = None
    max: Any = None

    @property
    def required(self) -> bool:
        """Whether a step can't start without a value for it."""
        return not self.optional and self.default is None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One component file that has passed the checks; `body` is its document."""

    file: Path
    body: Mapping[str, Any]
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]

    @property
    def name(self) -> str:
        """Name of the component."""
        return str(self.body["name"])

    @property
    def parallel(self) -> bool:
        """Whether it is worked through in mini batches, on several nodes."""
        return self.body["type"] == "parallel"

    @property
    def command(self) -> str:
        """The command line with its placeholders; of a parallel step the arguments of its script."""
        return str(self.body["task"]["program_arguments"] if self.parallel else self.body["command"])


def read_steps(folder: Path = COMPONENTS) -> dict[str, Step]:
    """The steps by name of their files without ending.

    Raises:
        ComponentRefusedError: when a file has unknown or missing keys, wrong types, or defaults that don't fit.
    """
    return {file.stem: _step(file) for file in sorted(folder.glob("*.yml"))}


def refuse(file: Path, what: str, *, given: object, allowed: str) -> Never:
    """Refuse a component file for one fault."""
    happened = f"The component file {file.name} {what}."
    raise ComponentRefusedError(happened, given=given, allowed=allowed, remedy=f"Correct {file}.")


def _step(file: Path) -> Step:
    body = yaml.safe_load(file.read_text())
    if not isinstance(body, dict):
        refuse(file, "holds no document", given=body, allowed="a mapping of keys to values")
    _check_keys(file, body)
    inputs = {name: _port(file, f"inputs.{name}", port, INPUT_KEYS) for name, port in body["inputs"].items()}
    outputs = {name: _port(file, f"outputs.{name}", port, OUTPUT_KEYS) for name, port in body["outputs"].items()}
    _check_outputs(file, outputs)
    return Step(file=file, body=body, inputs=inputs, outputs=outputs)


def _check_keys(file: Path, body: Mapping[str, Any]) -> None:
    allowed = KEYS.get(str(body.get("type")))
    if allowed is None:
        refuse(file, "has another type than publishing knows", given=body.get("type"), allowed=", ".join(KEYS))
    keys = ", ".join(sorted(allowed))
    if unknown := sorted(map(str, body.keys() - allowed)):
        refuse(file, "has a key that Azure ML would drop silently", given=", ".join(unknown), allowed=keys)
    if missing := sorted(allowed - body.keys()):
        refuse(file, "lacks a key", given=f"without {', '.join(missing)}", allowed=keys)
    if body["name"] != f"forecast_{file.stem}":
        refuse(file, "has another name than publishing relies on", given=body["name"], allowed=f"forecast_{file.stem}")
    if not isinstance(body["is_deterministic"], bool):
        refuse(file, "does not say whether its results may be reused", given=body["is_deterministic"], allowed="true or false")
    environment = (body["task"] if body["type"] == "parallel" else body).get("environment")
    if environment != ENVIRONMENT:
        refuse(file, "has another environment than publishing relies on", given=environment, allowed=ENVIRONMENT)


def _port(file: Path, place: str, port: Any, keys: frozenset[str]) -> Port:
    if not isinstance(port, dict) or (unknown := sorted(map(str, port.keys() - keys))):
        given = port if not isinstance(port, dict) else f"{place}: {', '.join(unknown)}"
        refuse(file, "has a key that Azure ML would drop silently", given=given, allowed=", ".join(sorted(keys)))
    if port.get("type") not in literals.TYPES:
        refuse(file, f"has an unknown type at {place}", given=port.get("type"), allowed=", ".join(literals.TYPES))
    made = Port(**port)
    _check_default(file, place, made)
    return made


def _check_default(file: Path, place: str, port: Port) -> None:
    if port.default is None:
        return
    if wrong := literals.fault(port.type, port.default, port.min, port.max):
        refuse(file, f"has a default that does not fit at {place}", given=port.default, allowed=wrong)


def _check_outputs(file: Path, outputs: Mapping[str, Port]) -> None:
    for name, port in outputs.items():
        if port.type not in literals.FOLDERS:
            refuse(file, f"has an output that no step can take at outputs.{name}", given=port.type, allowed="uri_folder")
