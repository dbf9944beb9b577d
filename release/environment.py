"""What the containers are told by their environment (docs/contracts.md, 1); no value of it is a secret."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.outputs import PlatformOutputs

STATE = "/var/lib/event-handler"
"""Where the handler's disk is mounted."""


def of_scoring(outputs: PlatformOutputs, digest: str, place: str) -> Mapping[str, str]:
    """The environment of the scoring service; `place` is `qa`, `blue` or `green`, and the only thing that differs."""
    return {
        "AZURE_CLIENT_ID": outputs.identities["scoring"]["client_id"],
        "FORECASTS_URL": outputs.forecasts_url,
        "IMAGE_DIGEST": digest,
        "LOGS_URL": outputs.logs_url,
        "RELEASE": place,
    }


def of_handler(outputs: PlatformOutputs, devops_url: str) -> Mapping[str, str]:
    """The environment of the event handler, but for the name of its pod."""
    return {
        **outputs.environment("handler"),
        "ADO_URL": devops_url,
        "HANDLER_STATE": STATE,
        "LAKE_ID": outputs.lake_id,
        "ML_WORKSPACE_ID": outputs.ml_workspace_id,
        "REGISTRY_ID": outputs.registry_id,
        "REGISTRY_LOGIN_SERVER": outputs.registry_login_server,
    }
