"""Images of the stack's registry: blobs as files by digest, manifests and tags in the store, the event with the manifest."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.images import DIGEST
from local.resources import Resource
from local.services.cloud import Cloud
from local.services.registry import errors
from local.services.registry.image_events import Caller, deleted, pushed

ARM_TYPE = "Microsoft.ContainerRegistry/registries"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MANIFESTS = frozenset({OCI_MANIFEST, "application/vnd.docker.distribution.manifest.v2+json"})
"""Media types of manifests of one image; indexes of several are not emulated."""

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*", re.ASCII)
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
DDL = """
create table if not exists registry_manifests(
  repository text not null, digest text not null, media_type text not null, body blob not null, pushed real not null,
  primary key(repository, digest)
);
create table if not exists registry_tags(
  repository text not null, tag text not null, digest text not null, pushed real not null, primary key(repository, tag)
)
"""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """One image's manifest as it was pushed."""

    repository: str
    digest: str
    media_type: str
    body: bytes

    @property
    def content(self) -> Mapping[str, Any]:
        """The parsed document."""
        parsed: Mapping[str, Any] = json.loads(self.body)
        return parsed


class Images:
    """The content of the one registry of a stack; what is pushed by the same bytes is the same thing."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._blobs, self._uploads = (cloud.state / "registry" / name for name in ("blobs", "uploads"))
        cloud.store.declare(DDL)
        for folder in (self._blobs, self._uploads):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def resource(self) -> Resource:
        """The registry among the stack's resources.

        Raises:
            RegistryError: 404 when there is none.
        """
        found = self._cloud.resources.of_type(ARM_TYPE)
        if not found:
            raise errors.RegistryError(404, "NAME_UNKNOWN", "there is no container registry in this stack")
        return found[0]

    def blob(self, digest: str) -> Path:
        """The file of a blob.

        Raises:
            RegistryError: 404 when it is not there, 400 when the digest is none.
        """
        file = self._blobs / _hex(digest)
        if not file.exists():
            raise errors.blob_unknown(digest)
        return file

    def begin(self) -> str:
        """Start an upload; its id."""
        upload = secrets.token_hex(16)
        (self._uploads / upload).touch()
        return upload

    def append(self, upload: str, chunk: bytes) -> int:
        """Add bytes to an upload; its size so far."""
        with self._upload(upload).open("ab") as file:
            file.write(chunk)
            return file.tell()

    def finish(self, upload: str, digest: str) -> None:
        """Make an upload the blob of this digest, whole or not at all.

        Raises:
            RegistryError: 400 when its bytes have another digest; the upload is gone then.
        """
        file, wanted = self._upload(upload), _hex(digest)
        with file.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != wanted:
            file.unlink()
            raise errors.digest_invalid(digest)
        os.replace(file, self._blobs / wanted)  # noqa: PTH105 - one step

    def put_manifest(self, repository: str, reference: str, *, media_type: str, body: bytes, caller: Caller) -> str:
        """Keep a manifest by its digest, and by the tag if `reference` is one; raises ImagePushed. Returns the digest.

        Raises:
            RegistryError: when name, media type, digest or a blob it names is not right.
        """
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        tag = self._checked(repository, reference, media_type, digest, body)
        registry, now = self.resource, time.time()
        with self._cloud.store.transaction() as connection:
            row = (repository, digest, media_type, body, now)
            connection.execute("insert or replace into registry_manifests values (?,?,?,?,?)", row)
            if tag:
                connection.execute("insert or replace into registry_tags values (?,?,?,?)", (repository, tag, digest, now))
            manifest = Manifest(repository=repository, digest=digest, media_type=media_type, body=body)
            pushed(connection, registry, manifest, tag, caller)
        return digest

    def manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest by tag or digest.

        Raises:
            RegistryError: 404 when there is none.
        """
        digest = reference if DIGEST.fullmatch(reference) else self._tagged(repository, reference)
        query = "select * from registry_manifests where repository = ? and digest = ?"
        row = self._cloud.store.row(query, repository, digest)
        if row is None:
            self._require_repository(repository)
            raise errors.manifest_unknown(reference)
        return _manifest(row)

    def delete_manifest(self, repository: str, digest: str, caller: Caller) -> None:
        """Remove a manifest and its tags; raises ImageDeleted. Blobs stay, as other images may share them.

        Raises:
            RegistryError: 404 when there is none.
        """
        gone = self.manifest(repository, digest)
        registry = self.resource
        with self._cloud.store.transaction() as connection:
            values = (repository, gone.digest)
            connection.execute("delete from registry_manifests where repository = ? and digest = ?", values)
            connection.execute("delete from registry_tags where repository = ? and digest = ?", values)
            deleted(connection, registry, gone, caller)

    def tags(self, repository: str) -> dict[str, str]:
        """Digest by tag.

        Raises:
            RegistryError: 404 when there is no such repository.
        """
        self._require_repository(repository)
        rows = self._cloud.store.rows("select tag, digest from registry_tags where repository = ? order by tag", repository)
        return {row["tag"]: row["digest"] for row in rows}

    def repositories(self) -> list[str]:
        """Names of all repositories."""
        rows = self._cloud.store.rows("select distinct repository from registry_manifests order by repository")
        return [row["repository"] for row in rows]

    def _checked(self, repository: str, reference: str, media_type: str, digest: str, body: bytes) -> str:
        """The tag that the reference is; empty when it is the digest."""
        if not NAME.fullmatch(repository):
            raise errors.name_invalid(repository)
        if media_type not in MANIFESTS:
            raise errors.manifest_invalid(
                f"the media type {media_type!r} is not emulated; allowed: {', '.join(sorted(MANIFESTS))}"
            )
        for blob in _blobs_of(body):
            if not (self._blobs / _hex(blob)).exists():
                raise errors.blob_missing(blob)
        if reference.startswith("sha256:"):
            if reference != digest:
                raise errors.digest_invalid(reference)
            return ""
        if not TAG.fullmatch(reference):
            raise errors.name_invalid(reference)
        return reference

    def _tagged(self, repository: str, tag: str) -> str:
        row = self._cloud.store.row("select digest from registry_tags where repository = ? and tag = ?", repository, tag)
        if row is None:
            self._require_repository(repository)
            raise errors.manifest_unknown(tag)
        return str(row["digest"])

    def _require_repository(self, repository: str) -> None:
        if self._cloud.store.row("select 1 from registry_manifests where repository = ?", repository) is None:
            raise errors.name_unknown(repository)

    def _upload(self, upload: str) -> Path:
        file = self._uploads / upload
        if not re.fullmatch(r"[0-9a-f]{32}", upload) or not file.exists():
            raise errors.upload_unknown()
        return file


def _hex(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise errors.digest_invalid(digest)
    return digest.removeprefix("sha256:")


def _blobs_of(body: bytes) -> list[str]:
    try:
        parsed = json.loads(body)
        return [str(parsed["config"]["digest"]), *(str(layer["digest"]) for layer in parsed["layers"])]
    except (ValueError, KeyError, TypeError) as error:
        raise errors.manifest_invalid(f"manifest invalid: {error!r}") from error


def _manifest(row: sqlite3.Row) -> Manifest:
    return Manifest(repository=row["repository"], digest=row["digest"], media_type=row["media_type"], body=row["body"])
