"""Publishing: the release's files into a volume, the job under its name; what is there already is left alone."""

from __future__ import annotations

import io
from dataclasses import dataclass

from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import NotFound
from databricks.sdk.service.jobs import BaseJob, JobSettings

from contracts.errors import FourPartError
from contracts.outputs import PlatformOutputs
from data_ops.jobs import Cluster, prepare_dataset
from data_ops.release import REQUIREMENTS, Release, build_release
from data_ops.settings_diff import differences
from data_ops.workspace import workspace

VOLUME = "/Volumes/main/mlops/releases"


class JobNameTakenError(FourPartError):
    """Two jobs have the name that the event handler starts."""


@dataclass(frozen=True, kw_only=True)
class PublishResult:
    """What was published, and what that changed; `uploaded` and `changes` are empty when nothing was."""

    release: str
    job_id: int
    uploaded: tuple[str, ...]
    changes: tuple[str, ...]


def publish(outputs: PlatformOutputs, cluster: Cluster | None = None) -> PublishResult:
    """Publish this work tree to the stack's workspace.

    Raises:
        ReleaseBuildError: when the release can't be built here.
        JobNameTakenError: when two jobs have the name.
    """
    release = build_release()
    client = workspace(outputs.databricks_host)
    folder = f"{VOLUME}/{release.digest}"
    uploaded = _upload(client, release, folder)
    settings = prepare_dataset(
        wheel=f"{folder}/{release.wheel_name}",
        requirements=f"{folder}/{REQUIREMENTS}",
        environment=outputs.environment("data"),
        cluster=cluster or Cluster(),
    )
    job_id, changes = _upsert(client, settings)
    return PublishResult(release=release.digest, job_id=job_id, uploaded=uploaded, changes=changes)


def _upload(client: WorkspaceClient, release: Release, folder: str) -> tuple[str, ...]:
    """Put the files that are not there; a folder's name is the hash of its files, so one that is there is the same."""
    missing = {name: content for name, content in release.files().items() if not _present(client, f"{folder}/{name}")}
    if missing:
        client.files.create_directory(folder)
    for name, content in missing.items():
        client.files.upload(f"{folder}/{name}", io.BytesIO(content), overwrite=True)
    return tuple(f"{folder}/{name}" for name in missing)


def _present(client: WorkspaceClient, path: str) -> bool:
    try:
        client.files.get_metadata(path)
    except NotFound:
        return False
    return True


def _upsert(client: WorkspaceClient, settings: JobSettings) -> tuple[int, tuple[str, ...]]:
    found = _named(client, str(settings.name))
    if found is None:
        created = client.jobs.create(**{name: getattr(settings, name) for name in settings.as_dict()})
        return created.job_id or 0, (f"job {settings.name}: created",)
    job_id = found.job_id or 0
    published = client.jobs.get(job_id).settings or JobSettings()
    changes = tuple(differences(published.as_dict(), settings.as_dict()))
    if changes:
        client.jobs.reset(job_id, settings)
    return job_id, changes


def _named(client: WorkspaceClient, name: str) -> BaseJob | None:
    jobs = list(client.jobs.list(name=name))
    if len(jobs) <= 1:
        return jobs[0] if jobs else None
    raise JobNameTakenError(
        "Several jobs have the name that the event handler starts.",
        given=f"{name}: jobs {', '.join(str(job.job_id) for job in jobs)}",
        allowed="one job of this name",
        remedy="Delete or rename those that this repository did not publish.",
    )
