"""Watches until the image of a trained version is in production, or was turned away, or it is known that there is none."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from contracts.errors import FourPartError
from contracts.events import AzureEvent, Event, Hub
from contracts.names import RELEASE_PIPELINE
from local.certificates import trusted
from local.flow.bus import read, reader
from local.flow.released import Released
from local.flow.training import Trained
from local.progress import Step
from local.services.cloud import Cloud
from local.services.identity.models import DEPLOYER_PRINCIPAL

PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.3
ENDED = "completed"


class ReleaseFailedError(FourPartError):
    """An image neither went live nor was turned away by its checks."""


def wait_for_release(cloud: Cloud, trained: Trained, step: Step) -> Released:
    """Wait for the image that the training's step `package` asked for, and for the pipeline run that its push started.

    Raises:
        ReleaseFailedError: when the push or the end of the run does not come in time, or the run ended without a result.
    """
    tags = trained.event.data.get("runTags") or {}
    digest, reference = str(tags.get("image.digest", "")), str(tags.get("image.reference", ""))
    if not digest:
        return Released.none(f"no image was built: {trained.decision['decision']}")
    step.detail = f"waiting for the push of {digest[:19]}"
    pushed = _pushed(cloud, digest)
    build = _ended(cloud, digest, step)
    file = cloud.state / "devops" / str(build["id"]) / "result.json"
    if not file.exists():
        raise _failed(build)
    seconds = _time(str(build["finishTime"])) - _time(pushed.time)
    return Released.of(json.loads(file.read_text()), reference=reference, seconds=round(max(seconds, 0.0), 1))


def _pushed(cloud: Cloud, digest: str) -> Event:
    ends = time.monotonic() + PATIENCE_SECONDS
    with reader(cloud, (Hub.ARTIFACT_REGISTRY,)) as consumer:
        while time.monotonic() < ends:
            for event in read(consumer):
                if event.type == AzureEvent.IMAGE_PUSHED and (event.data.get("target") or {}).get("digest") == digest:
                    return event
    raise _nothing_came(f"ImagePushed of {digest} on the hub {Hub.ARTIFACT_REGISTRY}")


def _ended(cloud: Cloud, digest: str, step: Step) -> Mapping[str, Any]:
    """The newest run for this image, once it has ended."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        build = next(iter(_builds(cloud, digest)), None)
        if build is not None and build["status"] == ENDED:
            return build
        step.detail = _journal(cloud, build) if build else "waiting for the handler to start the release"
        time.sleep(POLL_SECONDS)
    raise _nothing_came(f"the end of a run of the pipeline {RELEASE_PIPELINE} for {digest}")


def _builds(cloud: Cloud, digest: str) -> list[Mapping[str, Any]]:
    """Runs for this image, the newest first, as Azure DevOps lists them."""
    token, _ = cloud.tokens.issue(DEPLOYER_PRINCIPAL, RELEASE_PIPELINE)
    answer = httpx.get(
        f"{cloud.endpoints.url('devops')}/flow/flow/_apis/build/builds?api-version=7.1",
        headers={"Authorization": f"Bearer {token}"},
        verify=trusted(cloud.state),
    )
    answer.raise_for_status()
    found = [build for build in answer.json()["value"] if (build.get("templateParameters") or {}).get("digest") == digest]
    return sorted(found, key=lambda build: int(build["id"]), reverse=True)


def _journal(cloud: Cloud, build: Mapping[str, Any]) -> str:
    """The last line that the run has written."""
    file = cloud.state / "devops" / str(build["id"]) / "log.txt"
    lines = file.read_text(errors="replace").strip().splitlines() if file.exists() else []
    return f"run {build['id']} {build['status']}{f': {lines[-1].strip()[:100]}' if lines else ''}"


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _failed(build: Mapping[str, Any]) -> ReleaseFailedError:
    return ReleaseFailedError(
        "The release ended without a result.",
        given=f"run {build['id']} of the pipeline {RELEASE_PIPELINE}: {build.get('result')}",
        allowed="a run that releases the image, or turns it away with a reason",
        remedy=f"Read devops/{build['id']}/log.txt of the state directory; `make release DIGEST=...` goes on where it stopped.",
    )


def _nothing_came(wanted: str) -> ReleaseFailedError:
    return ReleaseFailedError(
        f"The release did not come to an end in {PATIENCE_SECONDS:.0f} s.",
        given="nothing on the bus, or a run that goes on",
        allowed=wanted,
        remedy="`make status` shows where it stands: deliveries of Event Grid, the handler's inbox, the release runs.",
    )
