"""Pushes an image to the registry service over HTTP, as any client does: blobs first, the manifest last."""

from __future__ import annotations

import httpx

from local.certificates import trusted
from local.endpoints import HOST
from local.services.cloud import Cloud
from local.services.registry.models import OCI_MANIFEST
from local.services.registry.tasks.image import Image
from local.services.registry.tasks.layers import digest
from local.tokens import Principal

SECONDS = 60.0


class PushRefusedError(Exception):
    """The registry did not take the image."""


def push(cloud: Cloud, image: Image, *, repository: str, tag: str, principal: Principal) -> str:
    """Push as a principal; returns the manifest's digest.

    Raises:
        PushRefusedError: with the registry's words.
    """
    token, _ = cloud.tokens.issue(principal, f"{HOST}:{cloud.endpoints.registry}")
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "acr-tasks"}
    base, trust = cloud.endpoints.url("registry"), trusted(cloud.state)
    try:
        with httpx.Client(base_url=base, headers=headers, verify=trust, timeout=SECONDS) as client:
            for content in (image.config, *(item.content for item in image.layers)):
                _blob(client, repository, content)
            answer = client.put(
                f"/v2/{repository}/manifests/{tag}", content=image.manifest, headers={"Content-Type": OCI_MANIFEST}
            )
            _require(answer)
    except httpx.HTTPError as error:
        raise PushRefusedError(repr(error)) from error
    return str(answer.headers["docker-content-digest"])


def _blob(client: httpx.Client, repository: str, content: bytes) -> None:
    wanted = digest(content)
    if client.head(f"/v2/{repository}/blobs/{wanted}").status_code == httpx.codes.OK:
        return
    begun = client.post(f"/v2/{repository}/blobs/uploads/")
    _require(begun)
    _require(client.put(begun.headers["location"], params={"digest": wanted}, content=content))


def _require(answer: httpx.Response) -> None:
    if answer.is_error:
        msg = f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}"
        raise PushRefusedError(msg)
