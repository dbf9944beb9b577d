"""What published documents name has to exist: the environment and code of a command, the components of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from local.services.arm.errors import invalid, not_emulated
from local.services.machine_learning.documents.models import Documents

SCHEME = "azureml:"


def refuse_missing(documents: Documents, spec: Any) -> None:
    """Check what a component's specification names.

    Raises:
        ArmError: 400 UserError for what is not there, 501 for what is not emulated.
    """
    if not isinstance(spec, dict):
        msg = "The component has no componentSpec."
        raise invalid(msg)
    for what, named in _named(spec):
        refuse_absent(documents, what, named)


def refuse_absent(documents: Documents, what: str, named: str) -> None:
    """Check one id, with or without its scheme `azureml:`.

    Raises:
        ArmError: 400 UserError when it is not there, 501 when a registry holds it.
    """
    if named.startswith("azureml://"):
        raise not_emulated(f"assets of registries: {named}")
    if documents.get(named) is None:
        msg = f"The {what} '{named.removeprefix(SCHEME)}' was not found."
        raise invalid(msg)


def _named(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = spec.get("type")
    if kind in {"command", "parallel"}:
        held = spec.get("task") or {} if kind == "parallel" else spec
        yield "environment", str(held.get("environment") or "")
        if held.get("code"):
            yield "code", str(held["code"])
    elif kind == "pipeline":
        for name, job in (spec.get("jobs") or {}).items():
            yield f"component of the job '{name}'", str(job.get("componentId") or "")
    else:
        raise not_emulated(f"components of type '{kind}'")
