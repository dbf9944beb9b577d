"""Artifacts of runs: files under `machine_learning/artifacts/<run id>/` of the stack's state, each written once and whole."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from local.services.arm import metadata, sas
from local.services.arm.errors import conflict, invalid
from local.services.cloud import Cloud

FILES = "/artifactfiles/"
"""Where the service takes and gives the bytes, with a signed query instead of a token."""
CONTAINER = f"artifacts.blob.{metadata.SUFFIXES['storage']}.{metadata.SUFFIX}"
"""First part of an artifact's address: the plugin downloads only from what looks like a blob of the cloud it is in."""
_SOURCES = re.compile(r"(?:azureml://.*/runs/([^/]+)/artifacts|runs:/([^/]+))/?(.*)")
_LONGEST_PART = 200


class Artifacts:
    """The artifact files of all runs."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._root = cloud.state / "machine_learning" / "artifacts"
        self._drafts = cloud.state / "machine_learning" / "drafts"

    def path(self, run_id: str, name: str) -> Path:
        """Where an artifact's bytes are or would be.

        Raises:
            ArmError: 400 UserError for a name that leads out of the run's folder.
        """
        parts = PurePosixPath(name).parts
        wrong = not parts or name.startswith("/") or "\\" in name or "\0" in name
        if wrong or any(part in {".", ".."} or len(part) > _LONGEST_PART for part in (run_id, *parts)) or "/" in run_id:
            raise invalid(f"Invalid artifact path '{name}'.")
        return self._root.joinpath(run_id, *parts)

    def names(self, run_id: str) -> list[str]:
        """The paths of a run's artifacts, sorted."""
        folder = self.path(run_id, "x").parent
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())

    def write(self, run_id: str, name: str, body: bytes) -> None:
        """Keep an artifact.

        Raises:
            ArmError: 409 Conflict when there is one of this path.
        """
        target, draft = self.path(run_id, name), self._drafts / secrets.token_hex(8)
        self._drafts.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(body)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(draft, target)
        except OSError as error:
            msg = f"Resource Conflict: ArtifactId ExperimentRun/dcid.{run_id}/{name} already exists."
            raise conflict(msg) from error
        finally:
            draft.unlink()

    def address(self, run_id: str, name: str) -> str:
        """The signed address that takes and gives the bytes of an artifact for an hour."""
        self.path(run_id, name)
        path = f"{FILES}{CONTAINER}/{run_id}/{name}"
        return f"{self._cloud.endpoints.url('arm')}{quote(path)}?{sas.signed(self._cloud, path)}"

    def named(self, source: str) -> tuple[str, str]:
        """The run and the artifact path that a model's source names; empty when it names none."""
        match = _SOURCES.fullmatch(source)
        return ("", "") if match is None else (match[1] or match[2], match[3].rstrip("/"))


def artifact(cloud: Cloud, run_id: str, name: str) -> Path:
    """Where an artifact of a run is, or would be.

    Raises:
        ArmError: 400 UserError for a name that leads out of the run's folder.
    """
    return Artifacts(cloud).path(run_id, name)
