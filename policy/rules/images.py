"""Names of container images: whether they say exactly what runs, and where it comes from."""

from __future__ import annotations

import re

DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
REGISTRY = re.compile(r"(?P<registry>[a-z0-9]{5,50})\.azurecr\.io/[^@:\s]+(?:[@:].+)?")


def is_by_digest(value: object) -> bool:
    """Tell whether the image is named by digest."""
    return isinstance(value, str) and bool(DIGEST.fullmatch(value))


def is_pinned(value: object) -> bool:
    """Tell whether the image is named by digest, or by a tag other than `latest`."""
    if not isinstance(value, str) or not value:
        return False
    tag = value.rpartition("/")[2].partition("@")[0].partition(":")[2]
    return is_by_digest(value) or ("@" not in value and bool(tag) and tag != "latest")


def is_from_own_registry(value: object) -> bool:
    """Tell whether the image comes from an Azure container registry."""
    return isinstance(value, str) and bool(REGISTRY.fullmatch(value))
