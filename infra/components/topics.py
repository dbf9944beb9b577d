"""System topics: where Azure tells what happened in the lake, the registry and the ML workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import eventgrid

from infra.parts import Part
from infra.placement import Placement, filled_in
from infra.roles import Principal
from infra.subscriptions import Source

PRINCIPALS = {
    Source.LAKE: Principal.LAKE_TOPIC,
    Source.REGISTRY: Principal.REGISTRY_TOPIC,
    Source.WORKSPACE: Principal.WORKSPACE_TOPIC,
}
PARTS = {Source.LAKE: Part.LAKE, Source.REGISTRY: Part.REGISTRY, Source.WORKSPACE: Part.WORKSPACE}


@dataclass(frozen=True, kw_only=True)
class TopicsArgs:
    """ARM ids of the resources whose events are told; Azure allows one system topic for each."""

    placement: Placement
    sources: Mapping[Part, pulumi.Input[str]]


class Topics(pulumi.ComponentResource):
    """System topics with identities of their own, the only ones that may deliver through a firewall."""

    ids: Mapping[Part, pulumi.Output[str]]
    """ARM id of each topic."""
    topic_names: Mapping[Source, pulumi.Output[str]]
    """Name of each source's topic."""
    principal_ids: Mapping[Principal, pulumi.Output[str]]
    """Object id of each topic's identity."""

    def __init__(self, name: str, args: TopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Topics", name, None, opts)
        self._args = args
        names = args.placement.names
        topics = {
            Source.LAKE: self._topic(Source.LAKE, names.lake_topic),
            Source.REGISTRY: self._topic(Source.REGISTRY, names.registry_topic),
            Source.WORKSPACE: self._topic(Source.WORKSPACE, names.workspace_topic),
        }
        self.ids = {Part(PRINCIPALS[source]): topic.id for source, topic in topics.items()}
        self.topic_names = {source: topic.name for source, topic in topics.items()}
        self.principal_ids = {PRINCIPALS[source]: _principal_id(topic) for source, topic in topics.items()}
        self.register_outputs({})

    def _topic(self, source: Source, topic_name: str) -> eventgrid.SystemTopic:
        placement = self._args.placement
        return eventgrid.SystemTopic(
            PRINCIPALS[source],
            system_topic_name=topic_name,
            resource_group_name=placement.resource_group,
            location=placement.location,
            source=self._args.sources[PARTS[source]],
            topic_type=source,
            identity=eventgrid.IdentityInfoArgs(type=eventgrid.IdentityType.SYSTEM_ASSIGNED),
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _principal_id(topic: eventgrid.SystemTopic) -> pulumi.Output[str]:
    return filled_in(topic, topic.identity, lambda identity: identity.principal_id or "" if identity else "")
