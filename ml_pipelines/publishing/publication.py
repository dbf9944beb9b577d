"""Publishing: documents that are not there yet, each before what refers to it; the endpoint's default last."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import BatchEndpoint, Component, Environment, PipelineComponentBatchDeployment
from azure.core.exceptions import AzureError

from contracts.errors import FourPartError
from contracts.names import training_endpoint
from contracts.outputs import PlatformOutputs
from ml_pipelines.graph import NAME as PIPELINE
from ml_pipelines.publishing.catalogue import Catalogue
from ml_pipelines.publishing.comparison import differences, published
from ml_pipelines.publishing.definition import SETTINGS, Definition, define
from ml_pipelines.publishing.environment import IMAGE, NAME as ENVIRONMENT
from ml_pipelines.publishing.workspace import workspace

KEPT = 3
"""Deployments that stay, the newest: to go back is to make an older one the default again."""


class PublishRefusedError(FourPartError):
    """Azure ML refused a part of the publication."""


class ClusterTooSmallError(FourPartError):
    """The cluster never has as many nodes as the graph's parallel step wants."""


class DeploymentAbsentError(FourPartError):
    """A deployment that can't become the default, since it is not there."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What is published now, and what that changed; `changes` is empty when all was there already."""

    endpoint: str
    deployment: str
    before: str
    changes: tuple[str, ...]


def publish(outputs: PlatformOutputs, definition: Definition | None = None) -> Published:
    """Publish this work tree to the stack's workspace; what is there under its version is left alone.

    A publication that is cut off leaves the endpoint's default deployment as it was, and the next one goes on from there.

    Raises:
        ClusterTooSmallError: when the cluster never has the nodes of the definition.
        ComponentRefusedError: for a component file that would be published wrong.
        GraphRefusedError: for a pipeline that binds steps wrong.
        ReleaseBuildError: when the locked requirements can't be exported.
        PublishRefusedError: when Azure ML can't be reached or refuses.
    """
    made = definition or define()
    try:
        return _Publication(workspace(outputs), made, training_endpoint(outputs.ml_workspace)).run()
    except AzureError as error:
        raise _refused("published", outputs, error) from error


def roll_back(outputs: PlatformOutputs, deployment: str) -> Published:
    """Make a deployment that was published before the endpoint's default again; trainings from now on run it.

    Raises:
        DeploymentAbsentError: when the endpoint has no such deployment.
        PublishRefusedError: when Azure ML can't be reached or refuses.
    """
    client, endpoint = workspace(outputs), training_endpoint(outputs.ml_workspace)
    catalogue, changes = Catalogue(client), list[str]()
    try:
        if not catalogue.has_deployment(deployment, endpoint):
            raise _absent(deployment, catalogue.deployments(endpoint))
        before = catalogue.default(endpoint)
        if before != deployment:
            changes.append(_switch(client, endpoint, before, deployment))
    except AzureError as error:
        raise _refused("rolled back", outputs, error) from error
    return Published(endpoint=endpoint, deployment=deployment, before=before, changes=tuple(changes))


@dataclass
class _Publication:
    client: MLClient
    definition: Definition
    endpoint: str
    changes: list[str] = field(default_factory=list)

    @property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.client)

    def run(self) -> Published:
        self._require_nodes()
        self._environment()
        pipeline = self._pipeline(self._components())
        self._endpoint()
        self._deployment(pipeline)
        before = self.catalogue.default(self.endpoint)
        if before != self.definition.deployment:
            self._compare(before)
            self.changes.append(_switch(self.client, self.endpoint, before, self.definition.deployment))
            self._tidy(before)
        return Published(
            endpoint=self.endpoint, deployment=self.definition.deployment, before=before, changes=tuple(self.changes)
        )

    def _require_nodes(self) -> None:
        """Else too few nodes would be seen only when a run reaches the parallel step."""
        if self.definition.nodes == 1:
            return
        cluster = self.client.compute.get(SETTINGS["default_compute"])
        most = getattr(cluster, "max_instances", None) or 1
        if self.definition.nodes > most:
            raise _too_small(cluster.name, self.definition.nodes, most)

    def _environment(self) -> None:
        environment = self.definition.environment
        if self.catalogue.environment(ENVIRONMENT, environment.version) is None:
            self.client.environments.create_or_update(
                Environment(name=ENVIRONMENT, version=environment.version, image=IMAGE, conda_file=environment.conda)
            )
            self.changes.append(f"+ environment {ENVIRONMENT}:{environment.version}")

    def _components(self) -> dict[str, Component]:
        """The steps' components as the workspace knows them, so that the pipeline refers to them by their ids."""
        versions = self.definition.versions
        found = {step: self.catalogue.component(made.name, versions[step]) for step, made in self.definition.steps.items()}
        with tempfile.TemporaryDirectory(prefix="code-") as folder:
            missing = [step for step, component in found.items() if component is None]
            code = self.definition.snapshot.write(Path(folder)) if missing else Path(folder)
            registered = {step: self._register(self.definition.component(step, code)) for step in missing}
        return {step: component for step, component in (found | registered).items() if component is not None}

    def _pipeline(self, components: Mapping[str, Component]) -> Component:
        found = self.catalogue.component(PIPELINE, self.definition.version)
        return found or self._register(self.definition.pipeline(components))

    def _register(self, component: Component) -> Component:
        registered: Component = self.client.components.create_or_update(component)
        self.changes.append(f"+ component {component.name}:{component.version}")
        return registered

    def _endpoint(self) -> None:
        if self.catalogue.endpoint(self.endpoint) is None:
            told = "Starts the training of demand forecasts."
            self.client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=self.endpoint, description=told)).result()
            self.changes.append(f"+ endpoint {self.endpoint}")

    def _deployment(self, pipeline: Component) -> None:
        name = self.definition.deployment
        if self.catalogue.has_deployment(name, self.endpoint):
            return
        deployment = PipelineComponentBatchDeployment(
            name=name, endpoint_name=self.endpoint, component=pipeline, settings=dict(SETTINGS)
        )
        self.client.batch_deployments.begin_create_or_update(deployment).result()
        self.changes.append(f"+ deployment {name}")

    def _compare(self, before: str) -> None:
        old = published(self.catalogue, before.removeprefix("v")) if before else {}
        if old:
            self.changes.extend(differences(old, published(self.catalogue, self.definition.version)))
        elif before:
            self.changes.append(f"{before}: published by another hand, not compared")

    def _tidy(self, before: str) -> None:
        """Delete the oldest deployments, since an endpoint holds only so many; runs that they started go on."""
        for name in self.catalogue.deployments(self.endpoint)[KEPT:]:
            if name not in {self.definition.deployment, before}:
                with redirect_stdout(sys.stderr):  # where the SDK shows by dots that it waits; the other is for answers alone
                    self.client.batch_deployments.begin_delete(name, self.endpoint).result()
                self.changes.append(f"- deployment {name}")


def _switch(client: MLClient, name: str, before: str, deployment: str) -> str:
    """Make a deployment the endpoint's default, and say so in one line."""
    endpoint = client.batch_endpoints.get(name)
    endpoint.defaults = {"deployment_name": deployment}
    client.batch_endpoints.begin_create_or_update(endpoint).result()
    return f"default deployment: {before or 'none'} -> {deployment}"


def _absent(deployment: str, there: list[str]) -> DeploymentAbsentError:
    return DeploymentAbsentError(
        "The training endpoint has no such deployment.",
        given=deployment,
        allowed=", ".join(there) or "none; nothing is published",
        remedy="Name one of them, or publish the sources of that time again.",
    )


def _too_small(cluster: str, nodes: int, most: int) -> ClusterTooSmallError:
    return ClusterTooSmallError(
        "The training can't be published on so many nodes; nothing was published.",
        given=f"nodes {nodes}",
        allowed=f"at most {most}, as the cluster {cluster} grows to",
        remedy=f"Give --nodes {most}, or raise cpuMaxNodes in the platform's stack file and deploy it first.",
    )


def _refused(what: str, outputs: PlatformOutputs, error: AzureError) -> PublishRefusedError:
    return PublishRefusedError(
        f"The training pipeline can't be {what}; the endpoint's default deployment is as it was.",
        given=f"{outputs.ml_workspace_id}: {error}",
        allowed="an existing workspace that this identity may write to",
        remedy="Check the login and its role on the workspace, then run the command again: what was written is kept.",
    )
