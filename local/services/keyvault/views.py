"""Certificates as Key Vault's REST API writes them.

Ids have Azure's form: the clients take a host, a collection, a name and a version apart, and no path before them.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization

from local.services.keyvault.issue import PEM
from local.services.keyvault.models import Version


def id_of(vault: str, collection: str, *names: str) -> str:
    """The id of an object of a vault."""
    return "/".join([f"https://{vault.lower()}.vault.azure.net", collection, *names])


def item(vault: str, version: Version) -> dict[str, Any]:
    """A version in a list."""
    certificate = version.certificate
    attributes = {
        "enabled": True,
        "nbf": int(certificate.not_valid_before_utc.timestamp()),
        "exp": int(certificate.not_valid_after_utc.timestamp()),
        "created": version.made,
        "updated": version.made,
    }
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA1())).decode().rstrip("=")  # noqa: S303 - the API's
    named = id_of(vault, "certificates", version.name, version.version)
    return {"id": named, "x5t": thumbprint, "attributes": attributes, "tags": dict(version.tags)}


def bundle(vault: str, version: Version) -> dict[str, Any]:
    """A certificate with its policy; without its key."""
    names = (version.name, version.version)
    der = version.certificate.public_bytes(serialization.Encoding.DER)
    ids = {"kid": id_of(vault, "keys", *names), "sid": id_of(vault, "secrets", *names)}
    told = {"cer": base64.b64encode(der).decode(), "policy": policy(vault, version)}
    pending = {"id": id_of(vault, "certificates", version.name, "pending")}
    return {**item(vault, version), **ids, **told, "pending": pending}


def policy(vault: str, version: Version) -> dict[str, Any]:
    """The policy of a certificate."""
    return {"id": id_of(vault, "certificates", version.name, "policy"), **version.policy}


def pending(vault: str, version: Version, *, status: str) -> dict[str, Any]:
    """The operation that made the newest version."""
    named = id_of(vault, "certificates", version.name)
    told: Mapping[str, Any] = {"issuer": version.policy["issuer"], "cancellation_requested": False, "request_id": version.version}
    target = {"target": named} if status == "completed" else {}
    return {"id": f"{named}/pending", **told, "status": status, **target}


def secret(vault: str, version: Version) -> dict[str, Any]:
    """The key and the certificate in PEM."""
    names, listed = (version.name, version.version), item(vault, version)
    told = {"value": version.pem, "contentType": PEM, "kid": id_of(vault, "keys", *names), "managed": True}
    return {"id": id_of(vault, "secrets", *names), **told, "attributes": listed["attributes"], "tags": listed["tags"]}
