"""Access tokens of the local cloud: JWTs that name a principal, signed with the stack's own key."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

TENANT = "00000000-0000-4000-8000-000000000001"
SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
DEPLOYER = "deployer"
"""The principal of the person or pipeline that runs the engine and publishes; not a managed identity."""

LIFETIME_SECONDS = 3600


class TokenRefusedError(Exception):
    """The token is missing, expired, or not signed by this stack."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request: the identity's name, its client id and its object id."""

    name: str
    client_id: str
    object_id: str


class Tokens:
    """Issues and checks the stack's tokens; the key is made once and kept in the state directory."""

    def __init__(self, state: Path) -> None:
        self._key = key(state / "token.key")

    def issue(self, principal: Principal, audience: str) -> tuple[str, int]:
        """A token for an audience and the second at which it ends."""
        ends = int(time.time()) + LIFETIME_SECONDS
        claims = {
            "aud": audience,
            "exp": ends,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "tid": TENANT,
            "oid": principal.object_id,
            "appid": principal.client_id,
            "name": principal.name,
        }
        return jwt.encode(claims, self._key, algorithm="HS256"), ends

    def principal(self, authorization: str | None) -> Principal:
        """The principal that an `Authorization` header names.

        Raises:
            TokenRefusedError: when there is no bearer token or it does not hold.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            msg = "no bearer token"
            raise TokenRefusedError(msg)
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key, algorithms=["HS256"], options={"verify_aud": False})
        except jwt.InvalidTokenError as error:
            raise TokenRefusedError(str(error)) from error
        return Principal(name=claims["name"], client_id=claims["appid"], object_id=claims["oid"])


def key(file: Path) -> str:
    """The key in a file, made by whoever asks first."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_hex(32))
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
    return file.read_text()
