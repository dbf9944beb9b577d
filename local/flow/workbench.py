"""`local-cloud run -- COMMAND`: a command with the places and the login that a person at a subscription has."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence

from local.engine.build import ensure_engine
from local.environment import client_environment
from local.flow.platform import outputs_of
from local.progress import Progress
from local.services.arm.metadata import NAME
from local.services.cloud import Cloud
from local.tokens import DEPLOYER

PLACES_OF = "data"
"""The workload whose places a person sees; the login is the person's own, so its client id is left out."""
CLOUD = {"AZUREML_CURRENT_CLOUD": NAME}
"""Saves azureml-mlflow from asking a public address which clouds there are."""


def run(cloud: Cloud, stack: str, command: Sequence[str]) -> int:
    """Run a command as the person who deployed the stack, and return its exit code."""
    outputs = outputs_of(ensure_engine(Progress()), cloud, stack)
    places = {name: value for name, value in outputs.environment(PLACES_OF).items() if name != "AZURE_CLIENT_ID"}
    login = client_environment(cloud, DEPLOYER, outputs.lake_account)
    environment = {**os.environ, **login, **places, **CLOUD, **_production(cloud)}
    return subprocess.run(list(command), env=environment, check=False).returncode


def _production(cloud: Cloud) -> dict[str, str]:
    """Where production answers, by the last loop's record; nothing before the first release."""
    record = cloud.state / "run.json"
    url = json.loads(record.read_text()).get("release", {}).get("url") if record.exists() else ""
    return {"SCORING_URL": url} if url else {}
