"""Checks a component's command against its inputs and outputs, and against the code that it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ml_pipelines.publishing.component_files import Step, refuse
from ml_pipelines.publishing.parallel_files import check_parallel

PLACEHOLDER = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
MODULE = re.compile(r"\bpython -m ([\w.]+)")


def check_command(step: Step, files: Mapping[str, bytes]) -> None:
    """Refuse a command that names what is not there, or leaves an input or output out.

    `files` map the paths of the code that is published with the step to its bytes.

    Raises:
        ComponentRefusedError: naming the first fault.
    """
    _check_names(step)
    _check_optional(step)
    (check_parallel if step.parallel else _check_module)(step, files)


def _check_names(step: Step) -> None:
    declared = {f"inputs.{name}" for name in step.inputs} | {f"outputs.{name}" for name in step.outputs}
    used = set(PLACEHOLDER.findall(f"{step.command} {step.body.get('input_data', '')}"))
    allowed = ", ".join(sorted(declared))
    if unknown := sorted(used - declared):
        refuse(step.file, "uses names in its command that it does not declare", given=", ".join(unknown), allowed=allowed)
    if unused := sorted(declared - used):
        refuse(step.file, "declares what its command never uses", given=", ".join(unused), allowed="names that the command uses")


def _check_optional(step: Step) -> None:
    always = set(PLACEHOLDER.findall(OPTIONAL.sub("", step.command)))
    bare = sorted(name for name, port in step.inputs.items() if port.optional and f"inputs.{name}" in always)
    if bare:
        allowed = "$[[--name ${{inputs.name}}]], which goes away when no value is given"
        refuse(step.file, "uses an optional input as if it were always there", given=", ".join(bare), allowed=allowed)


def _check_module(step: Step, files: Mapping[str, bytes]) -> None:
    named = MODULE.search(step.command)
    path = f"{named[1].replace('.', '/')}.py" if named else ""
    if path not in files:
        allowed = "`python -m` and a module of the published packages"
        refuse(step.file, "runs no module of the published code", given=named[1] if named else step.command, allowed=allowed)
