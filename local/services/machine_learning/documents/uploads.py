"""Uploaded code: its files under `machine_learning/uploads/` of the stack's state, one folder per pending upload."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from local.services.arm.errors import invalid
from local.services.cloud import Cloud

PREFIX = "/uploads"
"""Where the service takes and gives the files of uploads, with a signed query instead of a token."""

DDL = """
create table if not exists ml_uploads(
  container text not null,
  name text not null,
  metadata text not null,       -- JSON: x-ms-meta-* by name
  primary key(container, name)
)
"""
_CONTAINER = re.compile(r"[a-z0-9-]{3,63}")


class Uploads:
    """The files of code assets by container (one per pending upload) and name."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._root = cloud.state / "machine_learning" / "uploads"
        cloud.store.declare(DDL)

    def url(self, container: str) -> str:
        """The address of a container, without a signature."""
        return f"{self._cloud.endpoints.url('arm')}{PREFIX}/{container}"

    def write(self, container: str, name: str, body: bytes) -> None:
        """Keep a file, whole or not at all."""
        file = self._file(container, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{secrets.token_hex(8)}")
        draft.write_bytes(body)
        with self._cloud.store.transaction() as connection:
            connection.execute("insert or replace into ml_uploads values (?,?,?)", (container, name, "{}"))
            os.replace(draft, file)  # noqa: PTH105 - the row and the bytes change together

    def read(self, container: str, name: str) -> Path | None:
        """Where the bytes of a file are; None when there is none."""
        return self._file(container, name) if self.metadata(container, name) is not None else None

    def metadata(self, container: str, name: str) -> dict[str, str] | None:
        """The metadata of a file; None when there is none."""
        row = self._cloud.store.row("select metadata from ml_uploads where container = ? and name = ?", container, name)
        return None if row is None else json.loads(row["metadata"])

    def set_metadata(self, container: str, name: str, metadata: Mapping[str, str]) -> None:
        """Replace the metadata of a file that is there."""
        row = (json.dumps(dict(metadata)), container, name)
        with self._cloud.store.transaction() as connection:
            connection.execute("update ml_uploads set metadata = ? where container = ? and name = ?", row)

    def files(self, code_uri: str) -> dict[str, Path]:
        """The files below a code URI, by their path relative to it.

        Raises:
            ArmError: 400 UserError when the URI is not of this cloud's uploads.
        """
        container, _, folder = self._parts(code_uri)
        below = f"{folder}/" if folder else ""
        query = "select name from ml_uploads where container = ? and substr(name, 1, ?) = ? order by name"
        rows = self._cloud.store.rows(query, container, len(below), below)
        return {row["name"][len(below) :]: self._file(container, row["name"]) for row in rows}

    def fetch(self, code_uri: str, into: Path) -> None:
        """Copy the files below a code URI into a folder.

        Raises:
            ArmError: 400 UserError when the URI is not of this cloud's uploads.
            FileNotFoundError: when nothing was uploaded there.
        """
        files = self.files(code_uri)
        if not files:
            raise FileNotFoundError(code_uri)
        for name, file in files.items():
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)

    def forget(self) -> None:
        """Remove all files."""
        if self._cloud.store.row("select 1 from ml_uploads") is None:
            return
        with self._cloud.store.transaction() as connection:
            connection.execute("delete from ml_uploads")
        shutil.rmtree(self._root, ignore_errors=True)

    def _parts(self, code_uri: str) -> tuple[str, str, str]:
        path = unquote(urlsplit(code_uri).path).rstrip("/")
        if not path.startswith(f"{PREFIX}/"):
            msg = f"The code uri '{code_uri}' is not in the workspace's storage."
            raise invalid(msg)
        return path.removeprefix(f"{PREFIX}/").partition("/")

    def _file(self, container: str, name: str) -> Path:
        parts = name.split("/")
        if not _CONTAINER.fullmatch(container) or any(part in ("", ".", "..") or "\0" in part for part in parts):
            msg = f"The name '{container}/{name}' is not one of a blob."
            raise invalid(msg)
        return self._root / container / name
