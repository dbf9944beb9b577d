"""The environment of a release agent: what an Azure DevOps job has after its login steps, aimed at this stack."""

from __future__ import annotations

import os
from pathlib import Path

from contracts.names import FORECASTS, connection
from local.engine.build import find_engine, program
from local.engine.recover import restore
from local.engine.workspace import Workspace
from local.environment import client_environment
from local.gobuild import ProgramMissingError
from local.lifecycle import ROOT
from local.services.cloud import Cloud
from local.supervisor import PASSED_ON
from local.tokens import DEPLOYER

RELEASE = "mlops-forecasting-release"
"""Name of the release project."""
VARIABLE_GROUP = "azuredevops/VariableGroup"
"""As the local cloud stores it (local/provider/kinds/azure_devops.py)."""


def agent_environment(cloud: Cloud, stack: str) -> dict[str, str]:
    """The engine on PATH with the stack's backend, and Azure's clients logged in as the deployer.

    A checkpoint of the release that a killed engine left half-written is whole again afterwards.

    Raises:
        ProgramMissingError: when the engine was never built; `make up` builds it.
    """
    engine = find_engine()
    if engine is None:
        raise ProgramMissingError(
            "There is no Pulumi engine to release with.",
            given=f"no `pulumi` on PATH and none of {program().title} in the cache",
            allowed="an engine that `make up` built, or an official one",
            remedy="Run `make up` once; it builds the engine.",
        )
    restore(release_checkpoint(cloud, stack))
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    workspace = Workspace(state=cloud.state, project=ROOT, stack=stack)
    own = {
        name: value
        for name, value in workspace.environment(engine, cloud.endpoints.provider).items()
        if name.startswith("PULUMI_")
    }
    own |= {"AZURE_STORAGE_DOMAIN": cloud.endpoints.url("blob").removeprefix("https://"), **_variables(cloud, stack)}
    folders = (str(engine.binary.parent), str(engine.host_folder), passed.get("PATH", os.defpath))
    return {**passed, **own, **client_environment(cloud, DEPLOYER, _account(cloud)), "PATH": os.pathsep.join(folders)}


def _variables(cloud: Cloud, stack: str) -> dict[str, str]:
    """Where the stack's state lies, from the variable group that pipelines read; nothing before `make bootstrap`.

    The group's key of the state's secrets is left out: nothing encrypts with it here, and the workspace's passphrase stays.
    """
    groups = [found.properties for found in cloud.resources.of_type(VARIABLE_GROUP)]
    variables = [item for group in groups if group["name"] == connection(stack) for item in group["variables"]]
    backend = next((item["value"] for item in variables if item["name"] == "pulumiBackend"), "")
    return {"PULUMI_BACKEND_URL": backend} if backend else {}


def release_checkpoint(cloud: Cloud, stack: str) -> Path:
    """The engine's state file of the release stack."""
    return cloud.state / "pulumi" / "backend" / ".pulumi" / "stacks" / RELEASE / f"{stack}.json"


def _account(cloud: Cloud) -> str:
    """The storage account that holds the published forecasts, which a release compares answers with."""
    containers = cloud.resources.of_type("Microsoft.Storage/storageAccounts/blobServices/containers")
    return next((found.id.split("/")[8] for found in containers if found.name == FORECASTS), "")
