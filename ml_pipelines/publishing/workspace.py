"""The Azure ML client, reached with the Entra identity that this process has."""

from __future__ import annotations

from azure.ai.ml import MLClient
from azure.identity import DefaultAzureCredential

from contracts.outputs import PlatformOutputs


def workspace(outputs: PlatformOutputs) -> MLClient:
    """A client of the stack's workspace."""
    return MLClient(
        DefaultAzureCredential(),
        outputs.subscription_id,
        outputs.resource_group,
        outputs.ml_workspace,
        show_progress=False,
        enable_telemetry=False,
    )
