"""`local-cloud run -- COMMAND`: a command with the engine, the places and the login that a person at a subscription has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from contracts.outputs import PlatformOutputs
from local.engine.agent import agent_environment
from local.engine.build import ensure_engine
from local.environment import client_environment
from local.flow.platform import engine_of
from local.lifecycle import ROOT
from local.progress import Progress
from local.services.arm.metadata import NAME
from local.services.cloud import Cloud
from local.tokens import DEPLOYER

PLACES_OF = "data"
"""The workload whose places a person sees; the login is the person's own, so its client id is left out."""
CLOUD = {"AZUREML_CURRENT_CLOUD": NAME}
"""Saves azureml-mlflow from asking a public address which clouds there are."""


def run(cloud: Cloud, stack: str, command: Sequence[str]) -> int:
    """Run a command as the person who deploys the stack, and return its exit code."""
    pulumi = engine_of(ensure_engine(Progress()), cloud, stack)
    pulumi.workspace.prepare()
    environment = {**os.environ, **agent_environment(cloud, stack), **CLOUD}
    told = subprocess.run(
        [sys.executable, "-m", "deployment", "outputs", "--stack", stack],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    if outputs := json.loads(told.stdout):
        environment |= _places(cloud, PlatformOutputs.of(outputs))
    return subprocess.run(list(command), env=environment, check=False).returncode


def _places(cloud: Cloud, outputs: PlatformOutputs) -> dict[str, str]:
    """The lake, tracking, and where production answers by the last loop's record."""
    places = {name: value for name, value in outputs.environment(PLACES_OF).items() if name != "AZURE_CLIENT_ID"}
    record = cloud.state / "run.json"
    release = json.loads(record.read_text()).get("release", {}) if record.exists() else {}
    answering = {f"SCORING_{name.upper()}": release[name] for name in ("url", "hostname", "certificate") if release.get("url")}
    return {**places, **client_environment(cloud, DEPLOYER, outputs.lake_account), **answering}
