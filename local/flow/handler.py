"""The event handler on this machine: the published wheel in its own locked environment, kept running by the supervisor.

The release program will declare it as a StatefulSet; until then the flow asks the supervisor for it.
"""

from __future__ import annotations

import os
from pathlib import Path

from contracts.outputs import PlatformOutputs
from data_ops.release import build_wheel, requirements
from local.environment import client_environment
from local.environments.environments import Environment, build, default_cache
from local.processes import Process, Processes
from local.services.cloud import Cloud
from local.supervisor import PASSED_ON

NAME = "event-handler"


def state_of(cloud: Cloud) -> Path:
    """Return the handler's durable disk."""
    return cloud.state / NAME


def want_handler(cloud: Cloud, outputs: PlatformOutputs) -> Process:
    """Ask the supervisor for the handler of this wheel and these outputs; the same again changes nothing."""
    python = build(Environment(requirements=requirements("events").decode(), wheels=(_wheel(cloud),)), default_cache())
    folder = state_of(cloud)
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
        **client_environment(cloud, outputs.identities["handler"]["name"], outputs.lake_account),
        **outputs.environment("handler"),
        "HANDLER_STATE": str(folder),
        "HANDLER_ID": "0",
        "LAKE_ID": outputs.lake_id,
        "ML_WORKSPACE_ID": outputs.ml_workspace_id,
    }
    process = Process(name=NAME, argv=[str(python.parent / NAME)], environment=environment)
    Processes(cloud.store).want(process)
    return process


def _wheel(cloud: Cloud) -> Path:
    name, content = build_wheel()
    file = cloud.state / "wheels" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file
