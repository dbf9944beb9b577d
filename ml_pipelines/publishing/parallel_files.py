"""Checks a parallel step, whose defaults in Azure ML lose work: failed mini batches are ignored, and stopped after a minute.

Source: learn.microsoft.com/azure/machine-learning/reference-yaml-job-parallel.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ml_pipelines.publishing.component_files import Step, refuse

ENTRIES = frozenset({"init", "run"})
"""What Azure ML calls of the script."""
TASK = frozenset({"type", "entry_script", "environment", "program_arguments"})
RETRIES = frozenset({"max_retries", "timeout"})


def check_parallel(step: Step, files: Mapping[str, bytes]) -> None:
    """Refuse a parallel step that would be cut, timed or judged by defaults, or whose script is not published.

    Raises:
        ComponentRefusedError: naming the first fault.
    """
    body = step.body
    sources = [f"${{{{inputs.{name}}}}}" for name, port in step.inputs.items() if port.type == "uri_folder"]
    if body["mini_batch_error_threshold"] != 0:
        refuse(step.file, "lets parts be lost", given=body["mini_batch_error_threshold"], allowed="mini_batch_error_threshold: 0")
    if body["input_data"] not in sources:
        refuse(step.file, "takes its mini batches from no input", given=body["input_data"], allowed=", ".join(sources))
    if not str(body["mini_batch_size"]).isdigit():
        refuse(step.file, "cuts mini batches by another measure than files", given=body["mini_batch_size"], allowed="a number")
    for key, wanted in {"task": TASK, "retry_settings": RETRIES}.items():
        if body[key].keys() != wanted:
            refuse(step.file, f"has other members of {key}", given=", ".join(body[key]), allowed=", ".join(sorted(wanted)))
    _check_script(step, files)


def _check_script(step: Step, files: Mapping[str, bytes]) -> None:
    script = str(step.body["task"]["entry_script"])
    there = {node.name for node in ast.parse(files.get(script, b"")).body if isinstance(node, ast.FunctionDef)}
    if missing := sorted(ENTRIES - there):
        allowed = f"a file of the published packages with {' and '.join(sorted(ENTRIES))}"
        refuse(step.file, "runs no script of the published code", given=f"{script}: no {', '.join(missing)}", allowed=allowed)
