"""The packages of a published environment: the pip part of its conda file; conda packages beside Python are refused by name.

Source: learn.microsoft.com/azure/machine-learning/reference-yaml-environment.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml

from local.environments.environments import Environment
from local.services.arm.errors import ArmError, invalid, not_emulated
from local.services.machine_learning.documents.models import Documents


def environment_text(documents: Documents, arm_id: str) -> str:
    """The conda file of a published environment.

    Raises:
        ArmError: 404 for a missing environment, 501 for one that is built in another way.
    """
    found = documents.get(arm_id)
    if found is None:
        msg = f"The environment '{arm_id.removeprefix('azureml:')}' does not exist."
        raise ArmError(404, "EnvironmentNotFound", msg)
    text = found.properties.get("condaFile")
    if not text:
        raise not_emulated(f"an environment without a conda file ('{found.arm_id}')")
    return str(text)


def packages(text: str) -> Environment:
    """What a conda file asks for.

    Raises:
        ArmError: for another Python, conda packages other than python and pip, or a text that is no conda file.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise invalid(f"The environment's conda file is no YAML: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("dependencies"), list):
        raise invalid("The environment's conda file has no list of dependencies.")
    lines: list[str] = []
    for item in document["dependencies"]:
        lines.extend(_pins(item))
    return Environment(requirements="\n".join(lines))


def _pins(item: Any) -> list[str]:
    if isinstance(item, dict) and set(item) == {"pip"}:
        return [str(line) for line in item["pip"]]
    name, _, version = str(item).replace("==", "=").partition("=")
    if name == "pip":
        return []
    if name != "python":
        raise not_emulated(f"the conda package '{item}'")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version and not f"{version}.".startswith(f"{here}."):
        raise not_emulated(f"Python {version} of the conda file; this is {here}")
    return []
