"""Pulls an image by digest and makes it runnable: files unpacked, packages as an environment, command, user, variables."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from contracts.images import DIGEST
from local.certificates import trusted
from local.environments.environments import Environment, build, default_cache
from local.services.cloud import Cloud
from local.services.identity.errors import IdentityRefusedError
from local.services.identity.models import principal_of
from local.services.registry.models import OCI_MANIFEST
from local.services.registry.tasks.layers import REQUIREMENTS, digest

SECONDS = 60.0
PYTHON = "python"


class ImagePullError(Exception):
    """An image that can't be had; the text is what a kubelet would say."""


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """An image on this machine: its files below `rootfs`, the command with its interpreter found, and what it says of itself."""

    rootfs: Path
    argv: list[str]
    environment: Mapping[str, str]
    workdir: str
    labels: Mapping[str, str]
    user: str

    @property
    def folder(self) -> Path:
        """The working directory on this machine."""
        return self.rootfs / self.workdir.lstrip("/")


def pull(cloud: Cloud, reference: str, identity: str) -> Pulled:
    """Have the image `LOGIN/REPOSITORY@sha256:...` here, fetched with a token of the identity of this name.

    What was unpacked once is used again, but the registry is asked each time whether the identity may have the image.

    Raises:
        ImagePullError: when the reference is none, the registry refuses, or content is not what its digest says.
        EnvironmentFailedError: when its packages can't be installed.
    """
    where, _, wanted = reference.rpartition("@")
    login, _, repository = where.partition("/")
    if not repository or not DIGEST.fullmatch(wanted):
        msg = f'failed to parse image reference "{reference}": LOGIN/REPOSITORY@sha256:... is pulled here'
        raise ImagePullError(msg)
    try:
        with _client(cloud, login, identity) as client:
            source = _Source(client=client, repository=repository, reference=reference)
            manifest = json.loads(source.get("manifests", wanted))
            return _runnable(source.unpacked(cloud.state / "containers" / "images", wanted, manifest))
    except httpx.HTTPError as error:
        raise source_error(reference, repr(error)) from error


def source_error(reference: str, reason: str) -> ImagePullError:
    """The error in a kubelet's words."""
    return ImagePullError(f'failed to pull and unpack image "{reference}": {reason}')


@dataclass(frozen=True, kw_only=True)
class _Source:
    """One repository, as a client of this token sees it."""

    client: httpx.Client
    repository: str
    reference: str

    def get(self, kind: str, wanted: str) -> bytes:
        """A manifest or a blob, its bytes checked."""
        answer = self.client.get(f"/v2/{self.repository}/{kind}/{wanted}")
        if answer.is_error:
            code = {404: "not found", 401: "unauthorized", 403: "forbidden"}.get(answer.status_code, str(answer.status_code))
            raise source_error(self.reference, f'failed to resolve reference "{self.reference}": {code}')
        if digest(answer.content) != wanted:
            raise source_error(self.reference, f"{kind} {wanted}: the content is not what the digest says")
        return answer.content

    def unpacked(self, images: Path, wanted: str, manifest: Mapping[str, Any]) -> Path:
        """The folder of the image: `rootfs/` and `config.json`; made whole or not at all."""
        folder = images / wanted.removeprefix("sha256:")
        if folder.exists():
            return folder
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
        (draft / "rootfs").mkdir(parents=True)
        for item in manifest["layers"]:
            with tarfile.open(fileobj=io.BytesIO(self.get("blobs", item["digest"])), mode="r:gz") as archive:
                archive.extractall(draft / "rootfs", filter="data")
        (draft / "config.json").write_bytes(self.get("blobs", manifest["config"]["digest"]))
        try:
            draft.rename(folder)
        except OSError:  # another pull was quicker
            shutil.rmtree(draft)
        return folder


def _client(cloud: Cloud, login: str, identity: str) -> httpx.Client:
    try:
        token, _ = cloud.tokens.issue(principal_of(cloud.resources, identity, None), login)
    except IdentityRefusedError as error:
        raise ImagePullError(str(error)) from error
    headers = {"Authorization": f"Bearer {token}", "Accept": OCI_MANIFEST, "User-Agent": "containerd"}
    return httpx.Client(base_url=f"https://{login}", headers=headers, verify=trusted(cloud.state), timeout=SECONDS)


def _runnable(folder: Path) -> Pulled:
    rootfs, config = folder / "rootfs", json.loads((folder / "config.json").read_text())["config"]
    argv = [*config.get("Entrypoint", []), *config.get("Cmd", [])]
    requirements = rootfs / REQUIREMENTS
    python = build(Environment(requirements=requirements.read_text() if requirements.exists() else ""), default_cache())
    given = dict(item.split("=", 1) for item in config.get("Env", []))
    return Pulled(
        rootfs=rootfs,
        argv=[str(python) if word == PYTHON else word for word in argv[:1]] + argv[1:],
        environment={**given, "PATH": os.pathsep.join([str(python.parent), os.defpath])},
        workdir=str(config.get("WorkingDir") or "/"),
        labels=config.get("Labels") or {},
        user=str(config.get("User") or ""),
    )
