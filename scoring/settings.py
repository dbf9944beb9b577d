"""What the service is told by its environment, and by the file `model.json` of its image."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from contracts.images import DIGEST

MODEL, FACTS = "model", "model.json"
SECRET = re.compile(r"https://[^/?#@\s]+(?:/[^/?#@\s]+)?/secrets/[0-9A-Za-z-]{1,127}")
"""Where a secret's newest version is; a vault may answer below a path."""
PLACES = ("qa", "blue", "green")
PORTS = range(1, 65536)


class SettingError(FourPartError):
    """An environment variable, or a file of the image, that the service can't work with."""


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Which model is in the image: the content of `model.json`."""

    model: str
    version: str
    data_version: str
    run: str
    revision: str

    @classmethod
    def read(cls, file: Path) -> ModelFacts:
        """Read the file of the image.

        Raises:
            SettingError: when it is missing or is not these five texts.
        """
        try:
            told = json.loads(file.read_text())
            return cls(**{name: str(told[name]) for name in cls.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SettingError(
                "The image does not say which model is in it.",
                given=f"{file.name}: {error!r}",
                allowed=f"a JSON object with {', '.join(cls.__dataclass_fields__)}",
                remedy="Build the image by the step `package` of the training pipeline.",
            ) from error


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the service listens, what it is, and where forecasts and logs are."""

    host: str
    port: int
    digest: str
    release: str
    forecasts_url: str
    logs_url: str
    refresh_seconds: float
    tls_file: Path | None
    """Key and certificate; without it and `tls_url` the service speaks HTTP."""
    tls_url: str
    """Where a vault holds both, if there is no file."""
    name: str

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """Read IMAGE_DIGEST, FORECASTS_URL, LOGS_URL and RELEASE; HOST, PORT, REFRESH_SECONDS have defaults, one of TLS_FILE and TLS_URL may be there.

        Raises:
            SettingError: when one is missing or not usable.
        """
        digest, release = environment.get("IMAGE_DIGEST", ""), environment.get("RELEASE", "")
        if not DIGEST.fullmatch(digest):
            raise _unusable("IMAGE_DIGEST", digest, "sha256: and 64 hexadecimal digits")
        if release not in PLACES:
            raise _unusable("RELEASE", release, " or ".join(PLACES))
        return cls(
            host=environment.get("HOST", "0.0.0.0"),  # noqa: S104 - a container's only door is its port
            port=_whole(environment, "PORT", PORTS, "8080"),
            digest=digest,
            release=release,
            forecasts_url=_place(environment, "FORECASTS_URL"),
            logs_url=_place(environment, "LOGS_URL"),
            refresh_seconds=float(_whole(environment, "REFRESH_SECONDS", range(1, 3601), "15")),
            tls_file=Path(environment["TLS_FILE"]) if environment.get("TLS_FILE") else None,
            tls_url=_vault(environment),
            name=environment.get("HOSTNAME", "") or socket.gethostname(),
        )


def _place(environment: Mapping[str, str], name: str) -> str:
    given = environment.get(name, "")
    if given.startswith(("abfss://", "/")):
        return given.rstrip("/")
    raise _unusable(name, given, "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net, or an absolute path")


def _vault(environment: Mapping[str, str]) -> str:
    given = environment.get("TLS_URL", "")
    if given and (environment.get("TLS_FILE") or not SECRET.fullmatch(given)):
        raise _unusable("TLS_URL", given, "https://VAULT/secrets/NAME, and no TLS_FILE beside it")
    return given


def _whole(environment: Mapping[str, str], name: str, allowed: range, default: str) -> int:
    given = environment.get(name, default)
    if given.isascii() and given.isdigit() and int(given) in allowed:
        return int(given)
    raise _unusable(name, given, f"a whole number from {allowed[0]} to {allowed[-1]}")


def _unusable(name: str, given: str, allowed: str) -> SettingError:
    return SettingError(
        f"The environment variable {name} can't be used.",
        given=given or "nothing",
        allowed=allowed,
        remedy=f"Set {name} for the container; the release program does.",
    )
