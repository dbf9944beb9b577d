"""A parallel step as the command of one process, which starts as many workers as Azure ML would on all its nodes.

Source of keys and defaults: learn.microsoft.com/azure/machine-learning/reference-yaml-job-parallel.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.services.arm.errors import invalid, not_emulated

DRIVER = Path(__file__).with_name("parallel_driver.py")
SETTINGS = {"mini_batch_size": 1, "mini_batch_error_threshold": -1, "error_threshold": -1}
"""What a node sets over its component, and what holds where neither says; a negative threshold ignores all failures."""
RETRIES = {"max_retries": 2, "timeout": 60}
NODE = frozenset(
    {*SETTINGS, "max_concurrency_per_instance", "resources", "retry_settings", "input_data", "logging_level", "task"}
)
TASK = frozenset({"type", "code", "entry_script", "program_arguments", "environment"})
"""Parts of a parallel step that are emulated; another one that is set is refused by name."""
OPTIONS = re.compile(
    r"--(?:error_threshold|allowed_failed_percent|task_overhead_timeout|progress_update_timeout|first_task_creation_timeout"
    r"|copy_logs_to_parent|metrics_name_prefix|push_metrics_to_parent|resource_monitor_interval)\b"
)
"""Arguments that Azure ML itself reads among those of the script."""
_INPUT = re.compile(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}")


def as_command(name: str, spec: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """The specification of a command that does what a node of a parallel component asks for.

    Raises:
        ArmError: 400 for a step without what it needs, 501 for what is not emulated.
    """
    held = {**spec, **{key: node[key] for key in NODE if node.get(key) is not None}}
    task = {**(spec.get("task") or {}), **(node.get("task") or {})}
    _refuse(name, held, task)
    settings = {key: int(held.get(key, default)) for key, default in SETTINGS.items()}
    retries = {key: value for key, value in (held.get("retry_settings") or {}).items() if value is not None}
    settings |= {key: int(value) for key, value in {**RETRIES, **retries}.items()}
    nodes = int((held.get("resources") or {}).get("instance_count") or 1)
    settings["workers"] = nodes * int(held.get("max_concurrency_per_instance") or os.cpu_count() or 1)
    words = shlex.join(["python", "-P", str(DRIVER), json.dumps(settings), task["entry_script"]])
    command = f"{words} {held['input_data']} {task.get('program_arguments') or ''}"
    rest = {key: value for key, value in spec.items() if key not in NODE}
    return {**rest, "command": command, "code": task.get("code"), "environment": task.get("environment")}


def _refuse(name: str, held: Mapping[str, Any], task: Mapping[str, Any]) -> None:
    parts = {"partition_keys": held.get("partition_keys"), **{f"task.{key}": task[key] for key in task if key not in TASK}}
    parts |= {f"resources.{key}": value for key, value in (held.get("resources") or {}).items() if key != "instance_count"}
    parts |= dict.fromkeys(OPTIONS.findall(task.get("program_arguments") or ""), True)
    if extra := sorted(key for key, value in parts.items() if value):
        raise not_emulated(f"{', '.join(extra)} of the parallel step '{name}'")
    if task.get("type") != "run_function" or not task.get("entry_script"):
        raise not_emulated(f"a parallel step without an entry script ('{name}')")
    source = _INPUT.fullmatch(str(held.get("input_data") or ""))
    kind = (held.get("inputs") or {}).get(source[1]) if source else None
    if kind is None:
        raise invalid(f"The input_data '{held.get('input_data')}' of the parallel step '{name}' is none of its inputs.")
    if kind["type"] != "uri_folder" or not str(held.get("mini_batch_size", 1)).isdigit():
        raise not_emulated(f"mini batches of other than files in the parallel step '{name}'")
