"""Builds images by ACR Tasks, since compute that runs training steps runs no Docker.

Source: Azure Container Registry Tasks REST API, `registries` and `runs` (learn.microsoft.com/rest/api/containerregistry).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.mgmt.containerregistrytasks.models import (
    Architecture,
    Argument,
    DockerBuildRequest,
    PlatformProperties,
    RunProperties,
    RunStatus,
)

from images.builder import BuildFailedError, Image, Order, RegistryRefusedError, TagTakenError
from images.cloud import plain
from images.context import DOCKERFILE
from images.registry import Registry

API_VERSION = "2023-07-01"
"""Of the registry's own document."""
BUILD_SECONDS = 1200
"""A build that takes longer is stopped by the service."""
WAIT_SECONDS = 1500
"""Queue and build together."""
POLL_SECONDS = 1.0
RECENT = 50
"""Runs that are looked through; the service lists the newest first."""
LOG_LINES = 30

_GOING_ON = frozenset({RunStatus.QUEUED, RunStatus.STARTED, RunStatus.RUNNING})


@dataclass(frozen=True, kw_only=True)
class Place:
    """A registry by its ARM id, in parts."""

    subscription: str
    group: str
    name: str

    @classmethod
    def of(cls, registry_id: str) -> Place:
        """Read an ARM id.

        Raises:
            RegistryRefusedError: when it is not that of a registry.
        """
        match registry_id.strip("/").split("/"):
            case [_, subscription, _, group, _, provider, kind, name] if (
                f"{provider}/{kind}".lower() == "microsoft.containerregistry/registries"
            ):
                return cls(subscription=subscription, group=group, name=name)
        raise RegistryRefusedError(
            "This is no container registry.",
            given=registry_id or "nothing",
            allowed="/subscriptions/.../resourceGroups/.../providers/Microsoft.ContainerRegistry/registries/NAME",
            remedy="Take the ARM id of the registry from the platform stack.",
        )


class AcrTasks:
    """An `ImageBuilder` over one registry."""

    def __init__(self, registry_id: str, credential: TokenCredential, manager: str) -> None:
        """Work on the registry with this ARM id through Resource Manager at `manager`.

        The credential needs the roles `Container Registry Tasks Contributor` and `AcrPull` on the registry.

        Raises:
            RegistryRefusedError: when the id is not that of a registry.
        """
        self._id = registry_id
        self._place = Place.of(registry_id)
        self._credential = credential
        self._client = ContainerRegistryTasksMgmtClient(
            credential, self._place.subscription, base_url=manager, credential_scopes=[f"{manager}/.default"]
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def build(self, order: Order) -> Image:
        """The image of an order, as `ImageBuilder` says.

        A build that goes on already may be one of ours whose starter was lost, so its end is waited for before another one
        is started: the same order tried again builds once.
        """
        try:
            registry = Registry(self._login_server(), self._credential)
            found = self._found(registry, order)
            if found is None and self._others_ended():
                found = self._found(registry, order)
            return found or self._built(registry, order)
        except AzureError as error:
            raise RegistryRefusedError(
                "The image can't be built: the registry does not answer or refuses.",
                given=f"{self._id}, {order.name}: {error}",
                allowed="an existing registry on which this identity may run tasks and pull",
                remedy="Check the registry and the roles of this identity on it, then try again: nothing is built twice.",
            ) from error

    def _login_server(self) -> str:
        request = HttpRequest("GET", self._id, params={"api-version": API_VERSION})
        answer = self._client.send_request(request)
        answer.raise_for_status()
        return str(answer.json()["properties"]["loginServer"])

    def _found(self, registry: Registry, order: Order) -> Image | None:
        found = registry.find(order.repository, order.tag)
        if found is None:
            return None
        told = {label: found.labels.get(label, "") for label in order.labels}
        if told != order.labels:
            raise TagTakenError(
                "The tag names an image of something else.",
                given=f"{registry.login_server}/{order.name} ({found.digest}): {_listed(told)}",
                allowed=_listed(order.labels),
                remedy="Delete the tag in the registry if nothing runs its image, then try again.",
            )
        return _image(registry, order, found.digest, self._run_of(found.digest), built=False)

    def _built(self, registry: Registry, order: Order) -> Image:
        run_id = self._schedule(order)
        run = self._ended(run_id)
        digests = [image.digest for image in run.output_images or () if image.digest]
        if run.status != RunStatus.SUCCEEDED or not digests:
            raise self._failed(order, run_id, f"{run.status} {run.run_error_message or ''}".strip())
        return _image(registry, order, digests[0], run_id, built=True)

    def _schedule(self, order: Order) -> str:
        """Upload the context and queue the build; the run's id."""
        place = self._place
        source = self._client.registries.get_build_source_upload_url(place.group, place.name)
        upload = HttpRequest(
            "PUT", str(source.upload_url), headers={"x-ms-blob-type": "BlockBlob"}, content=order.context.archive()
        )
        with plain() as client:
            client.send_request(upload).raise_for_status()
        request = DockerBuildRequest(
            image_names=[order.name],
            is_push_enabled=True,
            docker_file_path=DOCKERFILE,
            source_location=source.relative_path,
            platform=PlatformProperties(os="Linux", architecture=Architecture.AMD64),
            arguments=[Argument(name=name, value=value) for name, value in sorted(order.arguments.items())],
            timeout=BUILD_SECONDS,
            agent_pool_name=self._agent_pool(),
        )
        run = self._client.registries.schedule_run(place.group, place.name, request)
        return str(_properties(run.properties).run_id)

    def _agent_pool(self) -> str | None:
        """The registry's own agents, if it has any: shared ones don't reach a registry without a public address."""
        pools = self._client.agent_pools.list(self._place.group, self._place.name)
        return next((pool.name for pool in pools), None)

    def _ended(self, run_id: str) -> RunProperties:
        """What a run tells once it has ended, or once it has taken too long."""
        ends = time.monotonic() + WAIT_SECONDS
        while True:
            run = _properties(self._client.runs.get(self._place.group, self._place.name, run_id).properties)
            if run.status not in _GOING_ON or time.monotonic() > ends:
                return run
            time.sleep(POLL_SECONDS)

    def _others_ended(self) -> bool:
        """Wait for the builds that go on; whether there were any."""
        going_on = [str(run.run_id) for run in self._recent() if run.status in _GOING_ON]
        for run_id in going_on:
            self._ended(run_id)
        return bool(going_on)

    def _run_of(self, digest: str) -> str:
        for run in self._recent():
            if any(image.digest == digest for image in run.output_images or ()):
                return str(run.run_id)
        return ""

    def _recent(self) -> Iterator[RunProperties]:
        runs = self._client.runs.list(self._place.group, self._place.name, top=RECENT)
        return (_properties(run.properties) for run in itertools.islice(runs, RECENT))

    def _failed(self, order: Order, run_id: str, status: str) -> BuildFailedError:
        return BuildFailedError(
            "The image can't be built.",
            given=f"{order.name} in {self._place.name}, run {run_id}: {status}\n{self._log(run_id)}",
            allowed="a run that ends as Succeeded and tells the image's digest",
            remedy=f"Put right what the log names; all of it: `az acr task logs --registry {self._place.name} --run-id {run_id}`.",
        )

    def _log(self, run_id: str) -> str:
        """The last lines of a run's log; why there are none, when they can't be had."""
        try:
            link = self._client.runs.get_log_sas_url(self._place.group, self._place.name, run_id).log_link
            with plain() as client:
                answer = client.send_request(HttpRequest("GET", str(link)))
                answer.raise_for_status()
        except AzureError as error:
            return f"(no log: {error})"
        return "\n".join(f"    {line}" for line in answer.text().splitlines()[-LOG_LINES:])


def _properties(found: RunProperties | None) -> RunProperties:
    """A run without properties tells nothing, as a run without a status does."""
    return found or RunProperties()


def _listed(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{label}={value}" for label, value in labels.items())


def _image(registry: Registry, order: Order, digest: str, run_id: str, *, built: bool) -> Image:
    reference = f"{registry.login_server}/{order.repository}@{digest}"
    return Image(reference=reference, digest=digest, tag=order.tag, run_id=run_id, built=built)
