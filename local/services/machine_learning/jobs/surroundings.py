"""What a step finds around it: its cluster, the identity it runs as, and the environment variables that AmlCompute sets."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from local.environment import client_environment
from local.resources import Resource
from local.services.arm.errors import ArmError, invalid, not_emulated
from local.services.arm.metadata import NAME
from local.services.cloud import Cloud
from local.services.identity.models import USER_ASSIGNED
from local.services.machine_learning.jobs.models import Job
from local.services.machine_learning.jobs.plan import Step
from local.services.machine_learning.run_events import experiment_id
from local.services.machine_learning.runs import Run
from local.services.machine_learning.workspace import COMPUTE, workspace_of
from local.tokens import LIFETIME_SECONDS, Principal

BASE = ("PATH", "HOME", "LANG")
"""All that a step's process takes over from the machine."""
TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "ARM_CLOUD_METADATA_URL", "AZURE_ENDPOINT")
AUDIENCE = "https://ml.azure.com"
_LAKE = re.compile(r"abfss?://[^@/]+@([^./]+)\.")


def cluster(cloud: Cloud, workspace_id: str, name: str) -> Resource:
    """The cluster that a job or step names, by name or ARM id.

    Raises:
        ArmError: 400 UserError when it is not there, or none is named.
    """
    plain = name.removeprefix("azureml:").rpartition("/")[2]
    found = cloud.resources.get(f"{workspace_id}/computes/{plain}") if plain else None
    if found is None or found.type != COMPUTE:
        given = f"the compute '{plain}' does not exist" if plain else "no compute is given"
        raise ArmError(400, "UserError", f"In the workspace '{workspace_id.rpartition('/')[2]}' {given}.")
    return found


def principal(cloud: Cloud, compute: Resource) -> Principal:
    """The user-assigned identity of a cluster.

    Raises:
        ArmError: 400 UserError when the cluster has none.
    """
    users = list((compute.properties.get("identity") or {}).get("userAssignedIdentities") or [])
    found = cloud.resources.get(users[0]) if users else None
    if found is None or found.type != USER_ASSIGNED:
        raise invalid(f"The compute '{compute.name}' has no user-assigned identity.")
    held = found.properties
    return Principal(name=found.name, client_id=str(held["clientId"]), object_id=str(held["principalId"]))


def account(step: Step) -> str:
    """The storage account that a step's inputs name, or nothing.

    Raises:
        ArmError: 501 for two accounts in one step.
    """
    named = sorted({found[1] for value in step.values.values() if (found := _LAKE.match(value))})
    if len(named) > 1:
        raise not_emulated(f"two storage accounts in the step '{step.name}' ({', '.join(named)})")
    return named[0] if named else ""


def variables(cloud: Cloud, job: Job, step: Step, run: Run, python: Path) -> dict[str, str]:
    """The whole environment of a step's process.

    Source of the names: those that azureml-mlflow and azure-identity read inside a job of Azure Machine Learning.
    """
    user = principal(cloud, cluster(cloud, run.workspace, step.compute))
    client = client_environment(cloud, user.name, account(step))
    base = {name: os.environ[name] for name in BASE if name in os.environ}
    base["PATH"] = f"{python.parent}{os.pathsep}{base.get('PATH', os.defpath)}"
    return {
        **base,
        "PYTHONUNBUFFERED": "1",
        **{name: client[name] for name in TRUST if name in client},
        "DEFAULT_IDENTITY_CLIENT_ID": user.client_id,
        "MSI_ENDPOINT": client["IDENTITY_ENDPOINT"],
        "MSI_SECRET": user.name,
        **_run(cloud, job, run, user),
        **step.variables,
    }


def _run(cloud: Cloud, job: Job, run: Run, user: Principal) -> Mapping[str, str]:
    workspace = workspace_of(cloud.resources, run.workspace)
    token, ends = cloud.tokens.issue(user, AUDIENCE)
    experiment = str(job.body.get("experimentName") or "Default")
    uri = workspace.tracking_uri(cloud.endpoints)
    return {
        "AZUREML_CURRENT_CLOUD": NAME,
        "AZUREML_RUN_ID": run.run_id,
        "AZUREML_ROOT_RUN_ID": run.root,
        "AZUREML_RUN_TOKEN": token,
        "AZUREML_RUN_TOKEN_EXPIRY": str(ends),
        "AZUREML_RUN_TOKEN_LIFETIME": str(LIFETIME_SECONDS),
        "AZUREML_ARM_SUBSCRIPTION": workspace.subscription,
        "AZUREML_ARM_RESOURCEGROUP": workspace.resource_group,
        "AZUREML_ARM_WORKSPACE_NAME": workspace.name,
        "AZUREML_EXPERIMENT_ID": experiment_id(workspace.arm_id, experiment),
        "MLFLOW_TRACKING_URI": uri,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_RUN_ID": run.run_id,
        "MLFLOW_EXPERIMENT_ID": experiment_id(workspace.arm_id, experiment),
        "MLFLOW_EXPERIMENT_NAME": experiment,
    }
