"""The registered model's versions as a release sees them: which may be released, and what they become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from contracts.errors import FourPartError
from contracts.images import Built
from ml_pipelines.registry import Registry, Role, Version

REASON = "rejected.reason"
"""Tag that says why a version was turned away."""
REASON_CHARACTERS = 500
RELEASABLE = (Role.CHALLENGER, Role.CHAMPION)


class VersionRefusedError(FourPartError):
    """A version that was turned away or replaced before."""


class RunMissingError(FourPartError):
    """A version whose training run is gone."""


@dataclass(frozen=True, kw_only=True)
class Models:
    """The model registry at a tracking address."""

    tracking_uri: str

    def version(self, built: Built) -> Version:
        """The version that is in an image.

        Raises:
            VersionMissingError: when the registry does not have it.
            RoleMissingError: when a version has no valid role.
        """
        return self.numbered(built.model, built.model_version)

    def numbered(self, model: str, number: str) -> Version:
        """The version of this number.

        Raises:
            VersionMissingError: when the registry does not have it.
            RoleMissingError: when a version has no valid role.
        """
        return self._registry(model).version(number)

    def run_tags(self, version: Version) -> Mapping[str, str]:
        """Tags of the run that holds a version's files.

        Raises:
            RunMissingError: when the run is gone.
        """
        try:
            return self._registry(version.model).run_tags(version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise RunMissingError(
                "The training run of a version is gone.",
                given=f"{version.model} version {version.number}, run {version.run_id}",
                allowed="a run that nobody deleted",
                remedy="Restore the run in the workspace; its files and decisions are there.",
            ) from error

    def releasable(self, built: Built) -> Version:
        """The version that is in an image, if it may go to production: a challenger, or the champion in new code.

        Raises:
            VersionRefusedError: when it is retired or rejected.
        """
        version = self.version(built)
        if version.role in RELEASABLE:
            return version
        reason = version.tags.get(REASON, "")
        raise VersionRefusedError(
            "The image holds a model version that is not to be released.",
            given=f"{version.model} version {version.number}, role {version.role}{f': {reason}' if reason else ''}",
            allowed="a challenger, or the champion in new code",
            remedy=f"Release a newer version; or set the tag role=challenger on version {version.number} to try it again.",
        )

    def is_champion(self, built: Built) -> bool:
        """Whether the version in an image is a champion."""
        return self.version(built).role is Role.CHAMPION

    def crown(self, version: Version) -> list[str]:
        """Make a version the champion, then retire those before it; the numbers of the retired."""
        registry = self._registry(version.model)
        if version.role is not Role.CHAMPION:
            registry.set_role(version, Role.CHAMPION)
        old = [item for item in registry.versions() if item.role is Role.CHAMPION and item.number != version.number]
        for item in old:
            registry.set_role(item, Role.RETIRED)
        return [item.number for item in old]

    def reject(self, version: Version, reason: str) -> None:
        """Turn a version away, with the reason in a tag; the reason comes first, so that no rejected version lacks it."""
        client = MlflowClient(self.tracking_uri)
        client.set_model_version_tag(version.model, version.number, REASON, reason[:REASON_CHARACTERS])
        self._registry(version.model).set_role(version, Role.REJECTED)

    def _registry(self, model: str) -> Registry:
        return Registry(model, MlflowClient(self.tracking_uri))
