"""What the handler's process is told by its environment, checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.names import BRONZE, FORECASTS, RULES, SILVER
from events.connection import Connection
from events.errors import SettingError
from events.targets.machine_learning import METADATA_URL, Places

_LAKE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]+", re.IGNORECASE
)
_WORKSPACE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/"
    rf"{RULES['machine_learning'][0]}",
    re.IGNORECASE | re.ASCII,
)
_REGISTRY = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ContainerRegistry/registries/" + RULES["registry"][0],
    re.IGNORECASE | re.ASCII,
)
_LOGIN_SERVER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?", re.ASCII)
_PROJECT = re.compile(r"https://[^/?#@\s]+/[^/?#\s]+/[^/?#\s]+/?", re.ASCII)
_METADATA = re.compile(r"https://[^/?#@\s]+/[^?#\s]*(?:\?[^#\s]*)?", re.ASCII)
_HANDLER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRIES, _ATTEMPTS = range(1, 101), range(1, 11)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The handler's settings; `state` is a directory on a disk that outlives the process, `registry` a login server."""

    connection: Connection
    bronze_url: str
    databricks_host: str
    state: Path
    handler_id: str
    lake_id: str
    tries: int
    places: Places
    registry: str
    project_url: str
    attempts: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read where to work, and HANDLER_STATE.

        Required are EVENTS_BOOTSTRAP, BRONZE_URL, SILVER_URL, FORECASTS_URL, DATABRICKS_HOST,
        ML_WORKSPACE_ID and REGISTRY_ID (ARM ids of the machine-learning workspace and the container registry),
        REGISTRY_LOGIN_SERVER (the registry's host) and ADO_URL (the Azure DevOps project that holds the release pipeline,
        `https://HOST/ORGANIZATION/PROJECT`). Optional are HANDLER_ID (the replica's ordinal, default 0), LAKE_ID (the lake account's ARM id), HANDLER_TRIES (calls of a failing action before the dead
        letter, default 12), HANDLER_ATTEMPTS (training runs for one data version before a person must look, default 2)
        and ARM_CLOUD_METADATA_URL (the document that tells the addresses of a cloud, default public Azure's).

        Raises:
            SettingError: when one is missing or not usable.
        """
        lake = "/subscriptions/.../providers/Microsoft.Storage/storageAccounts/NAME, or unset"
        return cls(
            connection=Connection.from_environment(environment),
            bronze_url=_container(environment, "BRONZE_URL", BRONZE),
            databricks_host=environment.get("DATABRICKS_HOST", ""),
            state=state_directory(environment),
            handler_id=_matched(environment, "HANDLER_ID", _HANDLER, "1-64 letters, digits, ._-", default="0"),
            lake_id=_matched(environment, "LAKE_ID", _LAKE, lake) if environment.get("LAKE_ID") else "",
            tries=_count(environment, "HANDLER_TRIES", _TRIES, "12"),
            places=_places(environment),
            registry=_matched(environment, "REGISTRY_LOGIN_SERVER", _LOGIN_SERVER, "a host, as in NAME.azurecr.io"),
            project_url=_matched(environment, "ADO_URL", _PROJECT, "https://HOST/ORGANIZATION/PROJECT"),
            attempts=_count(environment, "HANDLER_ATTEMPTS", _ATTEMPTS, "2"),
        )


def state_directory(environment: Mapping[str, str]) -> Path:
    """The directory that HANDLER_STATE names, made if it is missing.

    Raises:
        SettingError: when it is not set or can't be made.
    """
    given, allowed = environment.get("HANDLER_STATE", ""), "an absolute path of a directory on a disk that is kept"
    path = Path(given)
    if not path.is_absolute():
        raise _unusable(name="HANDLER_STATE", given=given, allowed=allowed)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(name="HANDLER_STATE", given=f"{given} ({error.strerror})", allowed=allowed) from error
    return path


def _matched(environment: Mapping[str, str], name: str, pattern: re.Pattern[str], allowed: str, default: str = "") -> str:
    given = environment.get(name, default)
    if not pattern.fullmatch(given):
        raise _unusable(name=name, given=given, allowed=allowed)
    return given


def _places(environment: Mapping[str, str]) -> Places:
    workspace = "/subscriptions/.../providers/Microsoft.MachineLearningServices/workspaces/NAME"
    registry = "/subscriptions/.../providers/Microsoft.ContainerRegistry/registries/NAME"
    return Places(
        workspace_id=_matched(environment, "ML_WORKSPACE_ID", _WORKSPACE, workspace),
        silver_url=_container(environment, "SILVER_URL", SILVER),
        forecasts_url=_container(environment, "FORECASTS_URL", FORECASTS),
        registry_id=_matched(environment, "REGISTRY_ID", _REGISTRY, registry),
        metadata_url=_matched(environment, "ARM_CLOUD_METADATA_URL", _METADATA, "https://HOST/metadata/endpoints", METADATA_URL),
    )


def _container(environment: Mapping[str, str], name: str, container: str) -> str:
    pattern = re.compile(rf"abfss://{container}@{RULES['storage_account'][0]}\.dfs\.core\.windows\.net/?")
    return _matched(environment, name, pattern, f"abfss://{container}@ACCOUNT.dfs.core.windows.net")


def _count(environment: Mapping[str, str], name: str, allowed: range, default: str) -> int:
    given = environment.get(name, default)
    if given.isascii() and given.isdigit() and int(given) in allowed:
        return int(given)
    raise _unusable(name=name, given=given, allowed=f"a whole number from {allowed[0]} to {allowed[-1]}")


def _unusable(*, name: str, given: str, allowed: str) -> SettingError:
    happened = f"The environment variable {name} can't be used."
    remedy = f"Set {name} for the process of the event handler."
    return SettingError(happened, given=given or "nothing", allowed=allowed, remedy=remedy)
