"""Expressions of Azure ML pipelines and commands: `${{...}}`, and `$[[...]]` around what an optional input takes away.

Source: learn.microsoft.com/azure/machine-learning/reference-yaml-core-syntax and how-to-manage-inputs-outputs-pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from local.services.arm.errors import invalid

_REFERENCE = re.compile(r"\$\{\{\s*([^}]+?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_INPUT = re.compile(r"parent\.inputs\.([\w-]+)")
_OUTPUT = re.compile(r"parent\.jobs\.([\w-]+)\.outputs\.([\w-]+)")


def upstream(value: str) -> tuple[str, str] | None:
    """Step and output that a node's input is bound to, or None."""
    reference = _REFERENCE.fullmatch(value.strip())
    found = _OUTPUT.fullmatch(reference[1]) if reference else None
    return (found[1], found[2]) if found else None


def from_inputs(value: str, inputs: Mapping[str, str]) -> str | None:
    """A node's input with the pipeline's inputs put in; None when it is bound to an input that was not given.

    Raises:
        ArmError: 400 UserError for an expression that names nothing of the pipeline.
    """
    names = [_named_input(reference) for reference in _REFERENCE.findall(value)]
    if any(name not in inputs for name in names):
        return None
    return _REFERENCE.sub(lambda match: inputs[_named_input(match[1])], value)


def render(command: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The command line of a step; text is put in as it is, without quotes, as Azure ML does.

    Raises:
        ArmError: 400 UserError for an expression without a value outside of `$[[...]]`.
    """
    values = {**{f"inputs.{k}": v for k, v in inputs.items()}, **{f"outputs.{k}": v for k, v in outputs.items()}}

    def optional(match: re.Match[str]) -> str:
        return match[1] if all(name in values for name in _REFERENCE.findall(match[1])) else ""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise invalid(f"The command's expression '{match[0]}' has no value.")
        return values[match[1]]

    return _REFERENCE.sub(value, _OPTIONAL.sub(optional, command))


def _named_input(reference: str) -> str:
    found = _INPUT.fullmatch(reference)
    if found is None:
        raise invalid(f"The expression '${{{{{reference}}}}}' names nothing of the pipeline.")
    return found[1]
