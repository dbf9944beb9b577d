"""Signed addresses: a query that gives access to one path of this service for a time, in place of a token.

On Azure these are shared access signatures of the workspace's storage account; the signature here covers path and expiry.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import urlencode

from local.services.arm.errors import ArmError
from local.services.cloud import Cloud

LIFETIME_SECONDS = 3600


def signed(cloud: Cloud, path: str, *, lifetime: int = LIFETIME_SECONDS) -> str:
    """The query that opens a path: `se` is the second at which it ends, `sig` the signature."""
    ends = str(int(time.time()) + lifetime)
    return urlencode({"se": ends, "sig": _signature(cloud, path, ends)})


def check(cloud: Cloud, path: str, query: Mapping[str, str]) -> None:
    """Let a request with a signature for this path pass.

    Raises:
        ArmError: 403 AuthenticationFailed when the signature is missing, another's, or expired.
    """
    ends, given = query.get("se", ""), query.get("sig", "")
    if not hmac.compare_digest(given.encode(), _signature(cloud, path, ends).encode()):
        raise _refused("Signature did not match.")
    if int(ends) < time.time():
        raise _refused("Signature not valid in the specified time frame.")


def _signature(cloud: Cloud, path: str, ends: str) -> str:
    key = (cloud.state / "token.key").read_bytes()
    return hmac.new(key, f"{path}\n{ends}".encode(), hashlib.sha256).hexdigest()


def _refused(reason: str) -> ArmError:
    text = "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly."
    return ArmError(403, "AuthenticationFailed", f"{text} {reason}")
