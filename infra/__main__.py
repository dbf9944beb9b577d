"""The platform, read from top to bottom: where it is, what it is made of, who may do what, what the stack tells."""

from __future__ import annotations

import pulumi

from infra.aliases import without_versions
from infra.components.cluster import Cluster, ClusterArgs
from infra.components.databricks import Databricks, DatabricksArgs
from infra.components.deliveries import Deliveries, DeliveriesArgs
from infra.components.federation import Federation, FederationArgs
from infra.components.grants import Grants, GrantsArgs
from infra.components.identities import Identities, IdentitiesArgs
from infra.components.machine_learning import MachineLearning, MachineLearningArgs
from infra.components.network import Network, NetworkArgs
from infra.components.observability import Observability, ObservabilityArgs
from infra.components.topics import Topics, TopicsArgs
from infra.enclosure import enclose
from infra.parts import Part
from infra.placement import Placement
from infra.roles import Principal
from infra.settings import Settings
from infra.stores import Stores
from infra.subnets import Subnet
from infra.watch import watch

pulumi.runtime.register_stack_transformation(without_versions)
settings = Settings.load(pulumi.Config())
place = Placement.declare(settings)
network = Network("network", NetworkArgs(placement=place, settings=settings.network))
here = place.admitting(network.admitted)

identities = Identities("identities", IdentitiesArgs(placement=here))
grants = Grants("grants", GrantsArgs(placement=here))
stores = Stores.declare(here, settings)
telemetry = Observability("observability", ObservabilityArgs(placement=here, settings=settings.telemetry))
databricks = Databricks("databricks", DatabricksArgs(placement=here, network_id=network.id))
cluster_args = ClusterArgs(
    placement=here,
    settings=settings.cluster,
    identity_id=identities.cluster.id,
    subnet_id=network.subnet_ids[Subnet.CLUSTER],
    way_out=network.way_out,
    log_analytics_id=telemetry.log_analytics_id,
    ready=grants.grant({Principal.CLUSTER: identities.cluster.principal_id}, network.scopes),
)
cluster = Cluster("cluster", cluster_args)
Federation("federation", FederationArgs(placement=here, issuer_url=cluster.issuer_url, identities=identities.by_role))

ml_args = MachineLearningArgs(
    placement=here,
    settings=settings.compute,
    workspace_identity_id=identities.workspace.id,
    training_identity_id=identities.by_role[Principal.TRAINING].id,
    stores=stores.ids,
    insights_id=telemetry.insights_id,
    subnet_id=network.subnet_ids[Subnet.TRAINING],
    ready=grants.grant({Principal.WORKSPACE: identities.workspace.principal_id}, stores.scopes),
)
ml = MachineLearning("machine-learning", ml_args)
own = {Principal.ACCESS_CONNECTOR: databricks.connector_principal_id, Principal.KUBELET: cluster.kubelet_principal_id}
grants.grant({**identities.principal_ids, **own}, {**stores.scopes, **ml.scopes})

parts = {**stores.ids, **databricks.ids, Part.WORKSPACE: ml.id, Part.CLUSTER: cluster.id}
enclose(here, settings.agents, network=network, registry=stores.registry, grants=grants, parts=parts)

topics = Topics("topics", TopicsArgs(placement=here, sources=parts))
ready = grants.grant(topics.principal_ids, stores.scopes)
Deliveries("deliveries", DeliveriesArgs(placement=here, topics=topics.topic_names, stores=stores, ready=ready))

every = {**parts, **topics.ids, Part.NETWORK: network.id}
watch(here, settings, cluster=cluster, telemetry=telemetry, grants=grants, parts=every)

offers = (here, network, identities, stores, telemetry, databricks, cluster, ml)
for field, value in (pair for offer in offers for pair in offer.exports.items()):
    pulumi.export(field, value)
