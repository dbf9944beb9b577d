"""Volumes of the Secrets Store CSI driver: files that hold what a vault holds, read as the pod's identity, and that follow it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from local.certificates import trusted
from local.services.cloud import Cloud
from local.services.containers.accounts import identity_of
from local.services.containers.models import Wanted
from local.services.containers.secret_classes import SECRET_CLASS, SecretClass
from local.services.identity.errors import IdentityRefusedError
from local.services.identity.models import principal_of
from local.services.keyvault.models import Certificates
from local.tokens import TENANT

ROTATION_SECONDS = 2.0
"""How often a new version is looked for; on Azure `rotationPollInterval`, two minutes."""
READ_SECONDS = 5.0


class MountError(Exception):
    """A volume that can't be filled; the text is the kubelet's around the provider's."""


class Mounts:
    """One pod's volumes of this kind; a pod without any has nothing to mount."""

    def __init__(self, cloud: Cloud, wanted: Wanted, folder: Callable[[str], Path]) -> None:
        self._cloud, self._wanted, self._folder = cloud, wanted, folder
        self._certificates = Certificates(cloud)
        self._mounted: list[str] | None = None
        self._due = 0.0

    def mount(self) -> None:
        """Fill the volumes, before the pod's container starts for the first time.

        Raises:
            MountError: without class, role, vault or object.
        """
        if self._mounted is None:
            self._fill()

    def follow(self) -> None:
        """Bring the files of a running pod up to newer versions; those that can't be read leave it as it is."""
        if not self._wanted.template.secrets or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + ROTATION_SECONDS
        with contextlib.suppress(MountError):
            if self._newest() != self._mounted:
                self._fill()

    def clear(self) -> None:
        """Leave no key behind."""
        for volume, _ in self._wanted.template.secrets:
            shutil.rmtree(self._folder(volume))

    def _fill(self) -> None:
        newest = self._newest()
        for volume, name in self._wanted.template.secrets:
            held = self._class(volume, name)
            for alias, secret in held.files.items():
                _write(self._folder(volume) / alias, self._read(volume, held, secret))
        self._mounted = newest

    def _newest(self) -> list[str]:
        classes = [self._class(volume, name) for volume, name in self._wanted.template.secrets]
        return [self._certificates.newest(held.vault, secret) for held in classes for secret in held.files.values()]

    def _class(self, volume: str, name: str) -> SecretClass:
        held = self._cloud.resources.get(f"/kubernetes/{SECRET_CLASS}/{self._wanted.namespace}/{name}")
        if held is None:
            reason = f'SecretProviderClass.secrets-store.csi.x-k8s.io "{name}" not found'
            raise self._failed(volume, f"failed to get secretproviderclass {self._wanted.namespace}/{name}, error: {reason}")
        found = SecretClass.of(held.properties["spec"])
        if not (found.vault and found.tenant and found.files):
            raise self._failed(volume, "keyvaultName, tenantId or objects is not set")
        return found

    def _read(self, volume: str, held: SecretClass, secret: str) -> str:
        url = f"{self._cloud.endpoints.url('keyvault')}/{held.vault}/secrets/{secret}"
        headers = {"Authorization": f"Bearer {self._token(volume, held)}", "User-Agent": "csi-secrets-store"}
        try:
            answer = httpx.get(url, headers=headers, verify=trusted(self._cloud.state), timeout=READ_SECONDS)
        except httpx.HTTPError as error:
            raise self._failed(
                volume, f"failed to get objectType:secret, objectName:{secret}, objectVersion:: {error!r}"
            ) from error
        if answer.is_error:
            reason = f"GET {url} RESPONSE {answer.status_code}: {answer.text}"
            raise self._failed(volume, f"failed to get objectType:secret, objectName:{secret}, objectVersion:: {reason}")
        return str(answer.json()["value"])

    def _token(self, volume: str, held: SecretClass) -> str:
        try:
            principal = principal_of(self._cloud.resources, identity_of(self._cloud.resources, self._wanted), held.client)
        except IdentityRefusedError as error:
            subject = f"system:serviceaccount:{self._wanted.namespace}:{self._wanted.template.account}"
            reason = f"AADSTS700213: No matching federated identity record found for presented assertion subject '{subject}'."
            raise self._failed(volume, f"failed to acquire token: {reason} {error.message}") from error
        if held.tenant != TENANT:
            raise self._failed(volume, f"failed to acquire token: AADSTS90002: Tenant '{held.tenant}' not found.")
        return self._cloud.tokens.issue(principal, "https://vault.azure.net")[0]

    def _failed(self, volume: str, reason: str) -> MountError:
        where = f"{self._wanted.namespace}/{self._wanted.name}"
        mounting = f"failed to mount secrets store objects for pod {where}, err: rpc error: code = Unknown desc = {reason}"
        return MountError(f'MountVolume.SetUp failed for volume "{volume}" : rpc error: code = Unknown desc = {mounting}')


def _write(file: Path, content: str) -> None:
    """Whole or not at all, and for its owner alone."""
    draft = file.with_name(f".{file.name}.draft")
    draft.touch(mode=0o600)
    draft.write_text(content)
    draft.replace(file)
