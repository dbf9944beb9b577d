"""Watches until the image of a trained version is in production, or was turned away, or it is known that there is none."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from azure.core.rest import HttpRequest

from contracts.errors import FourPartError
from contracts.events import AzureEvent, Event, Hub
from contracts.names import RELEASE_PIPELINE
from images.cloud import plain
from local.environment import PROJECT
from local.flow.bus import read, reader
from local.flow.released import Released
from local.flow.training import Trained
from local.progress import Step
from local.services.cloud import Cloud
from local.services.identity.models import DEPLOYER_PRINCIPAL
from rollout.service import AnswerError, Proof, Service

PATIENCE_SECONDS = 600.0
POLL_SECONDS = 0.3
START_SECONDS = 60.0
ENDED = "completed"


class ReleaseFailedError(FourPartError):
    """An image neither went live nor was turned away by its checks."""


def wait_for_release(cloud: Cloud, trained: Trained, began: float, step: Step) -> Released:
    """Wait for the image that the training's step `package` asked for, for the run that its push started, and for production.

    A release that ended before `began` (seconds since 1970) changed nothing now. Without an image, what is live stays.

    Raises:
        ReleaseFailedError: when the push or the end of the run does not come in time, the run ended without a result, or
            production does not answer as the image that was released.
    """
    tags = trained.event.data.get("runTags") or {}
    digest = str(tags.get("image.digest", ""))
    if not digest:
        return in_production(cloud, f"no image was built: {trained.decision['decision']}", step)
    step.detail = f"waiting for the push of {digest[:19]}"
    pushed = _pushed(cloud, digest)
    build = _ended(cloud, digest, step)
    file = _result(cloud, build)
    if not file.exists():
        raise _failed(build)
    finished = _time(str(build["finishTime"]))
    seconds = round(max(finished - _time(pushed.time), 0.0), 1)
    told = Released.of(json.loads(file.read_text()), reference=str(tags.get("image.reference", "")), seconds=seconds)
    _require_live(told, step)
    return replace(told, decision="unchanged") if told.decision == "released" and finished < began else told


def in_production(cloud: Cloud, reason: str, step: Step) -> Released:
    """What an earlier release brought to production, asked whether it answers; or nothing.

    Raises:
        ReleaseFailedError: when production does not answer as that image.
    """
    for build in _builds(cloud):
        file = _result(cloud, build)
        told = Released.of(json.loads(file.read_text())) if file.exists() else Released.none()
        if told.live:
            _require_live(told, step)
            return replace(told, decision="unchanged", reason=reason)
    return Released.none(reason)


def _require_live(released: Released, step: Step) -> None:
    """Ask production until it answers as the image that was released; its pods may just be starting."""
    ends = time.monotonic() + START_SECONDS
    while released.live:
        step.detail = f"asking {released.url}"
        answer = _version(released)
        if answer == released.digest:
            return
        if time.monotonic() > ends:
            raise _not_live(released, answer)
        time.sleep(POLL_SECONDS)


def _version(released: Released) -> str:
    """The digest that production says it is, or why it says none."""
    proof = Proof(hostname=released.hostname, certificate=released.certificate)
    try:
        return str(Service(url=released.url, proof=proof).get("/version", 5.0).json()["digest"])
    except (AnswerError, KeyError) as error:
        return f"no answer ({error})"


def _result(cloud: Cloud, build: Mapping[str, Any]) -> Path:
    return cloud.state / "devops" / str(build["id"]) / "result.json"


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
        build = next((found for found in _builds(cloud) if _digest(found) == digest), None)
        if build is not None and build["status"] == ENDED:
            return build
        step.detail = _journal(cloud, build) if build else "waiting for the handler to start the release"
        time.sleep(POLL_SECONDS)
    raise _nothing_came(f"the end of a run of the pipeline {RELEASE_PIPELINE} for {digest}")


def _builds(cloud: Cloud) -> list[Mapping[str, Any]]:
    """All runs of the pipeline, the newest first, as Azure DevOps lists them."""
    token, _ = cloud.tokens.issue(DEPLOYER_PRINCIPAL, RELEASE_PIPELINE)
    url = f"{cloud.endpoints.url('devops')}/{PROJECT}/_apis/build/builds?api-version=7.1"
    with plain() as client:
        request = HttpRequest("GET", url, headers={"Authorization": f"Bearer {token}"})
        answer = client.send_request(request, connection_verify=str(cloud.state / "tls" / "ca.pem"))
    answer.raise_for_status()
    return sorted(answer.json()["value"], key=lambda build: int(build["id"]), reverse=True)


def _digest(build: Mapping[str, Any]) -> str:
    return str((build.get("templateParameters") or {}).get("digest", ""))


def _journal(cloud: Cloud, build: Mapping[str, Any]) -> str:
    """The last step that the run has told of."""
    file = cloud.state / "devops" / str(build["id"]) / "log.txt"
    lines = file.read_text(errors="replace").splitlines() if file.exists() else []
    steps = [line for line in lines if line.startswith("step ")]
    return f"run {build['id']} {build['status']}{f': {steps[-1].strip()[:100]}' if steps else ''}"


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _failed(build: Mapping[str, Any]) -> ReleaseFailedError:
    return ReleaseFailedError(
        "The release ended without a result.",
        given=f"run {build['id']} of the pipeline {RELEASE_PIPELINE}: {build.get('result')}",
        allowed="a run that releases the image, or turns it away with a reason",
        remedy=f"Read devops/{build['id']}/log.txt of the state directory; `make release DIGEST=...` goes on where it stopped.",
    )


def _not_live(released: Released, answer: str) -> ReleaseFailedError:
    return ReleaseFailedError(
        "Production does not answer as the image that was released.",
        given=f"{released.url}: {answer}",
        allowed=released.digest,
        remedy="`make status` shows the containers and why one does not run; `make release DIGEST=...` brings an image back.",
    )


def _nothing_came(wanted: str) -> ReleaseFailedError:
    return ReleaseFailedError(
        f"The release did not come to an end in {PATIENCE_SECONDS:.0f} s.",
        given="nothing on the bus, or a run that goes on",
        allowed=wanted,
        remedy="`make status` shows where it stands: deliveries of Event Grid, the handler's inbox, the release runs.",
    )
