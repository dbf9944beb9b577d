"""The registered model's versions and their roles, by calls that every MLflow tracking server answers, Azure ML's included.

Azure ML has neither aliases nor logged models, and finds versions by the name of their model alone: what a version is
stands in its tags, and is filtered here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from contracts.errors import FourPartError

ARTEFACT = "model"
"""Folder of a run's artifacts that holds the registered files."""


class Role(StrEnum):
    """What a version is to the system (docs/contracts.md, 8)."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"
    RETIRED = "retired"
    REJECTED = "rejected"


class Tag(StrEnum):
    """Tags of a version that training itself reads again."""

    ROLE = "role"
    RECIPE = "recipe"
    CONFIGURATION = "configuration"
    CONTENT_HASH = "content_hash"


class RoleMissingError(FourPartError):
    """A registered version whose role can't be told."""


class VersionMissingError(FourPartError):
    """A version that is not, or no longer, in the registry."""


class FilesMissingError(FourPartError):
    """A registered version whose files are gone."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a registered model; `run_id` is the run that holds its files."""

    model: str
    number: str
    run_id: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        """What the version is to the system.

        Raises:
            RoleMissingError: when the tag is absent or holds no known role.
        """
        given = self.tags.get(Tag.ROLE, "")
        if given in set(Role):
            return Role(given)
        raise RoleMissingError(
            "A registered version does not say what it is.",
            given=f"{self.model} version {self.number}, tag role={given!r}",
            allowed=f"the tag role with one of {', '.join(Role)}",
            remedy=f"Set the tag `role` of {self.model} version {self.number} again; `retired` takes it out of every comparison.",
        )


class Registry:
    """The versions of one registered model."""

    def __init__(self, model: str, client: MlflowClient | None = None) -> None:
        """Talk to the tracking server of `MLFLOW_TRACKING_URI`, or through the client given."""
        self.model = model
        self._client = client or MlflowClient()

    def versions(self) -> tuple[Version, ...]:
        """All versions, newest first.

        Raises:
            RoleMissingError: when one of them has no valid role.
        """
        found = [_version(item) for item in self._search()]
        for version in found:
            _ = version.role
        return tuple(sorted(found, key=lambda version: int(version.number), reverse=True))

    def version(self, number: str) -> Version:
        """The version of this number.

        Raises:
            VersionMissingError: when there is none.
        """
        versions = self.versions()
        for version in versions:
            if version.number == number:
                return version
        raise VersionMissingError(
            "The model has no such version.",
            given=f"{self.model} version {number}",
            allowed=", ".join(version.number for version in versions) or "none; nothing is registered",
            remedy="Someone deleted it: start the training again without step reuse (setting force_rerun).",
        )

    def register(self, run_id: str, files: Path, tags: Mapping[str, str], beside: Sequence[Path] = ()) -> Version:
        """Keep a folder among the artifacts of a run, and register it; a repeated call for one run answers the same version.

        Files `beside` are kept in the same place as those of the folder.
        """
        for version in self.versions():
            if version.run_id == run_id:
                return version
        self._upload(run_id, files, beside)
        self._require_model()
        source = f"{self._client.get_run(run_id).info.artifact_uri}/{ARTEFACT}"
        return _version(self._client.create_model_version(self.model, source, run_id=run_id, tags=dict(tags)))

    def fetch(self, version: Version, into: Path) -> Path:
        """Download a version's files and return their folder.

        Raises:
            FilesMissingError: when the run does not hold them any more.
        """
        into.mkdir(parents=True, exist_ok=True)
        try:
            found = Path(_files_of(self._client, version.run_id).download_artifacts(ARTEFACT, str(into)))
            if any(file.is_file() for file in found.rglob("*")):
                return found
        except (MlflowException, OSError) as error:
            raise _files_missing(version, str(error)) from error
        raise _files_missing(version, "an empty folder")

    def run_tags(self, version: Version) -> Mapping[str, str]:
        """Tags of the run that holds a version's files."""
        return dict(self._client.get_run(version.run_id).data.tags)

    def set_role(self, version: Version, role: Role) -> None:
        """Give a version another role."""
        self._client.set_model_version_tag(self.model, version.number, Tag.ROLE, role)

    def _upload(self, run_id: str, files: Path, beside: Sequence[Path]) -> None:
        """Keep the files that an earlier try did not: Azure ML lets no artifact be written twice."""
        there = set(artifacts(self._client, run_id, ARTEFACT))
        inside = sorted(item for item in files.rglob("*") if item.is_file())
        for file, place in [*((item, item.relative_to(files)) for item in inside), *((item, Path(item.name)) for item in beside)]:
            name = Path(ARTEFACT) / place
            if name.as_posix() not in there:
                self._client.log_artifact(run_id, str(file), name.parent.as_posix())

    def _require_model(self) -> None:
        try:
            self._client.create_registered_model(self.model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _search(self) -> Iterable[ModelVersion]:
        token: str | None = None
        while True:
            try:
                page = self._client.search_model_versions(f"name='{self.model}'", page_token=token)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return
            yield from page
            token = page.token
            if not token:
                return


def incumbent(versions: Sequence[Version]) -> Version | None:
    """The version that a new model is held against: the newest champion, else the newest challenger, else none.

    `versions` are newest first.
    """
    for role in (Role.CHAMPION, Role.CHALLENGER):
        for version in versions:
            if version.role is role:
                return version
    return None


def twin(versions: Sequence[Version], configuration: str, content_hash: str) -> Version | None:
    """The version of this configuration fitted on this content; of several the one in use, else the newest."""
    wanted = (configuration, content_hash)
    same = [
        version for version in versions if (version.tags.get(Tag.CONFIGURATION), version.tags.get(Tag.CONTENT_HASH)) == wanted
    ]
    return incumbent(same) or next(iter(same), None)


def artifacts(client: MlflowClient, run_id: str, folder: str = "") -> Iterator[str]:
    """Paths of all files among a run's artifacts, below a folder."""
    repository = _files_of(client, run_id)

    def below(path: str | None) -> Iterator[str]:
        for item in repository.list_artifacts(path):
            if item.is_dir:
                yield from below(str(item.path))
            else:
                yield str(item.path)

    return below(folder or None)


def _files_of(client: MlflowClient, run_id: str) -> ArtifactRepository:
    """Where a run's artifacts are; the client's own calls would ask for logged models first, which Azure ML has not."""
    return get_artifact_repository(client.get_run(run_id).info.artifact_uri)


def root_run() -> str:
    """Id of the pipeline run that this step belongs to, or of the step's own run outside a pipeline; "" outside both."""
    return os.environ.get("AZUREML_ROOT_RUN_ID") or os.environ.get("MLFLOW_RUN_ID", "")


def _version(item: ModelVersion) -> Version:
    return Version(model=str(item.name), number=str(item.version), run_id=str(item.run_id or ""), tags=dict(item.tags))


def _files_missing(version: Version, given: str) -> FilesMissingError:
    return FilesMissingError(
        "The files of a registered version can't be had.",
        given=f"{version.model} version {version.number}, run {version.run_id}: {given}",
        allowed=f"the folder `{ARTEFACT}` among the artifacts of the run",
        remedy=f"Restore the run's artifacts, or set the tag role=retired on version {version.number} and train again.",
    )
