"""Runs of the published pipeline that a person starts by hand, by Resource Manager itself; shared by the training tests."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

from contracts.names import MODEL, training_endpoint
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.services.machine_learning.runs import Status
from tests.flow.conftest import Stack, until


def workspace(stack: Stack) -> str:
    """ARM id of the workspace."""
    return stack.outputs.ml_workspace_id


def arm(stack: Stack, method: str, path: str, **request: Any) -> httpx.Response:
    """A call to Resource Manager as the deployer, without any client of Azure's."""
    token, _ = stack.cloud.tokens.issue(DEPLOYER_PRINCIPAL, "https://management.azure.com")
    url = f"{stack.cloud.endpoints.url('arm')}{workspace(stack)}/{path}"
    trust = str(stack.cloud.state / "tls" / "ca.pem")
    version = {"api-version": "2024-10-01"}
    return httpx.request(
        method,
        url,
        params=version,
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=trust),
        **request,
    )


def experiment(stack: Stack, name: str, **inputs: str) -> None:
    """Start the published pipeline by hand, as a person would try a recipe; it registers nothing."""
    endpoint = f"batchEndpoints/{training_endpoint(stack.outputs.ml_workspace)}"
    default = arm(stack, "GET", endpoint).json()["properties"]["defaults"]["deploymentName"]
    deployment = arm(stack, "GET", f"{endpoint}/deployments/{default}").json()
    component = deployment["properties"]["deploymentConfiguration"]["componentId"]["assetId"]
    features = {"jobInputType": "uri_folder", "mode": "Direct", "uri": f"{stack.outputs.silver_url}/features"}
    literals = {key: {"jobInputType": "literal", "value": value} for key, value in (inputs | {"experiment": name}).items()}
    places = {"forecasts_url": {"jobInputType": "literal", "value": stack.outputs.forecasts_url}}
    body = {
        "jobType": "Pipeline",
        "componentId": component.removeprefix("azureml:"),
        "experimentName": MODEL,
        "inputs": {"features": features, **places, **literals},
        "settings": {"default_compute": f"{workspace(stack)}/computes/cpu"},
    }
    answer = arm(stack, "PUT", f"jobs/{name}", json={"properties": body})
    assert answer.status_code == 201, answer.text


def ended(stack: Stack, name: str, seconds: float = 120) -> Status:
    """How a run ended."""

    def query() -> str:
        row = stack.cloud.store.row("select status from ml_runs where run_id = ?", name)
        return row["status"] if row else ""

    until(f"{name} ends", lambda: query() in {"Completed", "Failed", "Canceled"}, seconds)
    return Status(query())
