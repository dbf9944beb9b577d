"""Route of the release: a pushed image of the scoring service starts the pipeline that brings it into production."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from contracts.events import AzureEvent, Event, Hub
from contracts.images import DIGEST, Built
from contracts.names import MODEL, SCORING
from events.envelope import section, text
from events.errors import PoisonError, RefusedError
from events.routes import IMAGE_PUSHED, STARTED, Outcome, Route, Work

MANIFESTS = frozenset({"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"})
"""Media types of one image; indexes and charts have others (OCI image specification; Docker manifest version 2)."""

_VERSION = re.compile(r"[1-9]\d{0,17}", re.ASCII)
# docs/contracts.md, 8: a champion's version in a new image is a change of the code alone.
_RELEASED, _PASSED_OVER = ("challenger", "champion"), ("rejected", "retired")


class Images(Protocol):
    """What knows the labels of an image; `events.targets.registry.Registry` is one."""

    def labels(self, repository: str, digest: str) -> Mapping[str, str] | None:
        """Read an image's labels; None for an artifact that has an image's manifest and is none."""
        ...


class Models(Protocol):
    """What knows the role of a model's version; `events.targets.machine_learning.MachineLearning` is one."""

    def role(self, model: str, version: str) -> str:
        """Read the tag `role`; empty when there is none."""
        ...


class Releaser(Protocol):
    """What starts a release; `events.targets.azure_devops.AzureDevOps` is one."""

    def release(self, digest: str, token: str, causation: str) -> str:
        """Start the release of an image, once per token, and return the id of its run."""
        ...


@dataclass(frozen=True, kw_only=True)
class Releases:
    """The registry whose events are believed, by its ARM id, and what is asked before and for a release."""

    registry_id: str
    images: Images
    models: Models
    releaser: Releaser

    def check_source(self, source: str) -> None:
        """Compare an image event's source with this registry, without case, as ARM does.

        Raises:
            RefusedError: when the event is about another registry.
        """
        if source.rstrip("/").lower() != self.registry_id.lower():
            msg = "the source is not the registry of this platform"
            raise RefusedError(msg)


def image_pushed(releases: Releases) -> Route:
    """An image of the scoring service whose model waits for production, or is there, starts a release.

    All releases share a lane: an older image never starts after a newer one.
    """

    def act(work: Work) -> Outcome:
        labels = releases.images.labels(SCORING, work.effect_key)
        if labels is None:
            return Outcome(state="ignored", detail="no image")
        version = _built(work.effect_key, labels).model_version
        role = releases.models.role(MODEL, version)
        if role in _PASSED_OVER:
            return Outcome(state="ignored", detail=f"version {version} of model {MODEL} is {role}")
        if role not in _RELEASED:
            allowed = ", ".join((*_RELEASED, *_PASSED_OVER))
            msg = f"version {version} of model {MODEL} has the tag role={role!r}, not one of {allowed}; set it and redrive"
            raise PoisonError(msg)
        run_id = releases.releaser.release(work.effect_key, work.token, work.event.id)
        return Outcome(state="done", detail=STARTED, run_id=run_id)

    return Route(
        name=IMAGE_PUSHED,
        hub=Hub.ARTIFACT_REGISTRY,
        types=frozenset({AzureEvent.IMAGE_PUSHED}),
        effect_key=lambda event: _digest(releases, event),
        lane=lambda _: SCORING,
        act=act,
    )


def _digest(releases: Releases, event: Event) -> str | None:
    """The digest of the image that an event tells of; None for other repositories and for what is no image."""
    releases.check_source(event.source)
    target = section(event.data, "target")
    if text(target, "repository") != SCORING or text(target, "mediaType") not in MANIFESTS:
        return None
    digest = text(target, "digest")
    if not DIGEST.fullmatch(digest):
        msg = "the event names no digest"
        raise RefusedError(msg)
    return digest


def _built(digest: str, labels: Mapping[str, str]) -> Built:
    """What an image says of itself; its labels are no more believed than an event is."""
    try:
        built = Built.of(labels)
    except KeyError as error:
        msg = f"image {SCORING}@{digest} has no label {error.args[0]}"
        raise PoisonError(msg) from error
    if built.model != MODEL or not _VERSION.fullmatch(built.model_version):
        msg = f"image {SCORING}@{digest} holds version {built.model_version!r} of {built.model!r}, no version of {MODEL}"
        raise PoisonError(msg)
    return built
