"""What the handler's process is told by its environment, checked before anything starts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.names import BRONZE, RULES
from events.connection import Connection
from events.errors import SettingError

_BRONZE = re.compile(rf"abfss://{BRONZE}@{RULES['storage_account'][0]}\.dfs\.core\.windows\.net/?")
_LAKE = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Storage/storageAccounts/[a-z0-9]+", re.IGNORECASE
)
_HANDLER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRIES = range(1, 101)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The handler's settings; `state` is a directory on a disk that outlives the process."""

    connection: Connection
    bronze_url: str
    databricks_host: str
    state: Path
    handler_id: str
    lake_id: str
    tries: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read EVENTS_BOOTSTRAP, EVENTS_AUTH, BRONZE_URL, DATABRICKS_HOST, HANDLER_STATE, and the optional ones.

        Optional are HANDLER_ID (the replica's ordinal, default 0), LAKE_ID (the lake account's ARM id) and
        HANDLER_TRIES (calls of a failing action before the dead letter, default 12).

        Raises:
            SettingError: when one is missing or not usable.
        """
        bronze = f"abfss://{BRONZE}@ACCOUNT.dfs.core.windows.net"
        lake = "/subscriptions/.../providers/Microsoft.Storage/storageAccounts/NAME, or unset"
        return cls(
            connection=Connection.from_environment(environment),
            bronze_url=_matched(environment, "BRONZE_URL", _BRONZE, bronze),
            databricks_host=environment.get("DATABRICKS_HOST", ""),
            state=state_directory(environment),
            handler_id=_matched(environment, "HANDLER_ID", _HANDLER, "1-64 letters, digits, ._-", default="0"),
            lake_id=_matched(environment, "LAKE_ID", _LAKE, lake) if environment.get("LAKE_ID") else "",
            tries=_tries(environment.get("HANDLER_TRIES", "12")),
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


def _tries(given: str) -> int:
    if given.isascii() and given.isdigit() and int(given) in _TRIES:
        return int(given)
    raise _unusable(name="HANDLER_TRIES", given=given, allowed=f"a whole number from {_TRIES[0]} to {_TRIES[-1]}")


def _unusable(*, name: str, given: str, allowed: str) -> SettingError:
    happened = f"The environment variable {name} can't be used."
    remedy = f"Set {name} for the process of the event handler."
    return SettingError(happened, given=given or "nothing", allowed=allowed, remedy=remedy)
